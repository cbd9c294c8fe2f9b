# Sums and groups a table of numbers and words, and joins and splits strings.
{
  sum[$2] += $1
  count[substr($3, 1, 2)]++
  if ($3 ~ /^[aeiou].*[^aeiou]$/) matched++
  n = split($0, part, /[ aeiou]+/)
  line = part[n]
  for (i = n - 1; i > 0; i--) line = line "-" part[i]
  total += length(line) + index(line, "st")
  gsub(/[0-9]+/, "<&>", line)
  total += length(line)
}
END {
  for (i = 0; i < 10; i++) printf "%d %.0f\n", i, sum[i]
  print length(count), matched, total, toupper(line)
}
