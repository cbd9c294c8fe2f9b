-- Calls of small functions, and a sort of a table with a comparison of its own.
local function fib(n)
  if n < 2 then return n end
  return fib(n - 1) + fib(n - 2)
end

local function numbers(count)
  local state, all = 12345, {}
  for i = 1, count do
    state = (state * 1103515245 + 12345) % 2147483648
    all[i] = state
  end
  return all
end

local all = numbers(tonumber(arg[2]))
table.sort(all, function(a, b) return a % 65536 < b % 65536 or (a % 65536 == b % 65536 and a < b) end)
print(fib(tonumber(arg[1])), all[1], all[#all // 2], all[#all])
