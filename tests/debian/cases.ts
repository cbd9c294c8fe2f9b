/** Command lines whose output and status must be the same under emu and QEMU. */

/** One command line. It runs in a directory with the files of `workFiles`. */
export interface Case {
  /** Program in the sysroot's /usr/bin, and its arguments. */
  readonly command: ReadonlyArray<string>
  readonly stdin?: string
}

/** Random-looking numbers that are the same in every run. */
const numbers = (count: number): Array<number> => {
  let state = 2463534242
  return Array.from({ length: count }, () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  })
}

const text = numbers(400)
  .map((n) => `${n % 1000} ${n.toString(36)} ${["north", "south", "east", "west"][n % 4]}`)
  .join("\n")

/** Files of the working directory. */
export const workFiles: ReadonlyArray<readonly [string, string]> = [
  ["words.txt", `${text}\n`],
  ["empty", ""],
  ["one.c", "int main(void) { return 0; }\n"]
]

const busybox = (...args: ReadonlyArray<string>): Case => ({ command: ["busybox", ...args] })
const fed = (stdin: string, ...command: ReadonlyArray<string>): Case => ({ command, stdin })

/** The static busybox: no loader, no libraries. */
const busyboxCases: ReadonlyArray<Case> = [
  busybox("echo", "hello", "  spaced  ", ""),
  busybox("echo", "-e", "tab\\there\\x41"),
  busybox("ls", "-l", "."),
  busybox("ls", "-la", "/proc/self/fd/does-not-exist"),
  busybox("cat", "words.txt", "empty", "one.c"),
  busybox("cat", "no-such-file"),
  fed("line one\nline two", "busybox", "cat", "-n"),
  busybox("sha256sum", "words.txt", "one.c"),
  busybox("sort", "-n", "words.txt"),
  busybox("sort", "-k3,3", "-k1,1nr", "words.txt"),
  busybox("awk", '{ n[$3] += $1 } END { print n["north"], n["south"], length(n) }', "words.txt"),
  busybox("awk", '{ s += $1; q += $1 * $1 } END { printf "%d %.6f %e\\n", s, s / NR, q / NR }', "words.txt"),
  busybox("awk", 'BEGIN { for (i = 0; i < 20; i++) print i / 7, i * 1e15, substr("abcdefghij", i, 3), i % 3 }'),
  busybox("sed", "-n", "s/\\(north\\|east\\)/<&>/p", "words.txt"),
  busybox("sed", "-e", "1,10!d", "-e", "y/0123456789/abcdefghij/", "words.txt"),
  busybox("grep", "-c", "north$", "words.txt"),
  busybox("wc", "words.txt"),
  busybox("head", "-c", "100", "words.txt"),
  busybox("expr", "7", "*", "191"),
  busybox("false"),
  busybox("no-such-applet")
]

/** coreutils through the dynamic loader. */
const coreutilsCases: ReadonlyArray<Case> = [
  { command: ["ls", "-la"] },
  { command: ["ls", "-la", "--time-style=full-iso", "no-such-file", "words.txt"] },
  { command: ["sha256sum", "words.txt", "one.c", "empty"] },
  { command: ["md5sum", "words.txt"] },
  { command: ["sort", "words.txt"] },
  { command: ["sort", "-t", " ", "-k", "3,3", "-k", "1,1n", "-u", "words.txt"] },
  { command: ["sort", "-R", "--random-source=words.txt", "words.txt"] },
  { command: ["seq", "1", "3", "100"] },
  { command: ["seq", "-f", "%.3f", "0", "0.125", "2"] },
  { command: ["date", "-u", "-d", "@0"] },
  { command: ["date", "-u", "-d", "2024-02-29 12:34:56 +3 days", "+%A %d %B %Y %T %j %V"] },
  { command: ["printf", "%s %d %05.2f\\n", "text", "42", "3.14159"] },
  { command: ["stat", "-c", "%n %s %f %U", "words.txt", "empty"] },
  { command: ["od", "-t", "x1z", "one.c"] },
  fed("b\na\nc\na\n", "sort", "-r"),
  fed("1 2\n3 4\n", "tr", "0-9", "a-j"),
  { command: ["cut", "-d", " ", "-f", "2", "words.txt"] },
  { command: ["factor", "18446744073709551557", "600851475143"] },
  { command: ["basenc", "--base64", "words.txt"] },
  { command: ["cat", "no-such-file"] }
]

const statements = [
  "create table t (id integer primary key, word text, n integer, x real);",
  "begin;",
  ...numbers(300).map((n, i) => `insert into t values (${i}, '${n.toString(36)}', ${n % 977}, ${n / 1024});`),
  "commit;",
  "create index by_n on t (n);",
  ...numbers(60).map((n) => `select id, word, n from t where n between ${n % 977} and ${(n % 977) + 5} order by n, id;`),
  "select count(*), sum(n), avg(x), min(word), max(word), group_concat(n % 7, '') from t;",
  "select n % 10 as d, count(*), round(total(x), 3) from t group by d having count(*) > 25 order by d desc;",
  "with recursive f(a, b) as (values (0, 1) union all select b, a + b from f where b < 1e15) select a from f;",
  "update t set word = upper(word) where id % 3 = 0; select changes();",
  "delete from t where n > 500; select count(*) from t;",
  "select json_extract('{\"a\": [1, 2.5, \"x\"]}', '$.a[1]'), printf('%08.3f|%-6s|%+d', 3.14159, 'ab', 7), hex(zeroblob(3)), quote(x'00ff');",
  "select sum(a.n * b.n) from t a join t b on a.id = b.id + 1;",
  "pragma integrity_check;"
].join("\n")

const sqliteCases: ReadonlyArray<Case> = [
  fed(statements, "sqlite3", ":memory:"),
  fed(`.mode csv\n.headers on\n${statements}`, "sqlite3", ":memory:"),
  fed("select * from nowhere;\nselect 1;\n", "sqlite3", ":memory:")
]

const python = (program: string, stdin?: string): Case => ({
  command: ["python3", "-c", program],
  ...(stdin === undefined ? {} : { stdin })
})

const pythonCases: ReadonlyArray<Case> = [
  python("import json; print(json.dumps({'b': [1, 2.5, None, True, 'é'], 'a': {}}, sort_keys=True, indent=1))"),
  python("import json, sys; print(sum(len(str(v)) for v in json.load(sys.stdin)))", JSON.stringify(numbers(500))),
  python(
    "import hashlib; print([hashlib.new(n, b'emu' * 1000).hexdigest() for n in ('md5', 'sha1', 'sha256', 'sha3_256', 'blake2b')])"
  ),
  python(
    "import re; print(re.sub(r'(\\w+) (?P<y>\\d{4})', r'\\g<y>/\\1', 'May 1984, June 1985; ' * 3), re.findall('a.?b', 'ab axb aab'))"
  ),
  python("print(2 ** 521 - 1, divmod(-7, 3), 0.1 + 0.2, 1e308 * 10, round(2.675, 2), float('nan'), (-0.0).hex())"),
  python(
    "import math, cmath; print(math.sin(1e6), math.gamma(5.5), math.fsum([.1] * 10), cmath.sqrt(-2), math.isqrt(10 ** 40))"
  ),
  python("import random; random.seed(7); print([random.random() for _ in range(5)], random.sample(range(100), 10))"),
  python(
    "import zlib, base64; d = zlib.compress(open('words.txt', 'rb').read()); print(len(d), base64.b64encode(d[:60]).decode())"
  ),
  python(
    "import decimal, fractions; decimal.getcontext().prec = 50; print(decimal.Decimal(2).sqrt(), fractions.Fraction(355, 113))"
  ),
  python("import os, sys; print(sorted(os.listdir('.')), sys.maxsize, sys.byteorder, os.path.getsize('words.txt'))"),
  python("import datetime; print(datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone.utc).timestamp())"),
  python("print(sorted({w: n for n, w in enumerate(open('words.txt').read().split())}.items())[:20])"),
  python("1 / 0"),
  python("import sys; sys.exit(7)")
]

const shell = (script: string): Case => busybox("sh", "-c", script)

/**
 * Programs that make others. Under QEMU what they execute is the host's, by the same name: so only what prints the same everywhere.
 */
const processCases: ReadonlyArray<Case> = [
  shell("for i in 1 2 3; do echo $i; done | cat"),
  shell("ls | sort | wc -l"),
  shell("cat words.txt | sort -n | uniq -c | head -5"),
  shell("x=$(echo sub | tr a-z A-Z); echo $x; (exit 3); echo $?; false || echo no; echo one; true && echo two"),
  shell("{ sleep 0.2; echo late; } & echo early; wait; echo done"),
  shell("(echo a; (echo b; (echo c) | cat) | cat) | cat -n; echo $(echo $(echo deep))"),
  shell(
    "yes | head -3; seq 1 100000 | tail -1; seq 1 5000 | while read n; do s=$((${s:-0} + n)); [ $n = 5000 ] && echo $s; done"
  ),
  shell(
    "trap 'echo caught' USR1; kill -USR1 $$; sleep 1 & kill $!; wait $!; echo $?; (kill -9 $(sh -c 'echo $PPID'); echo no); echo $?"
  ),
  shell(
    "exec 3>file; echo one >&3; (echo two >&3); exec 3>&-; cat file; cat <<end; rm file\nhere $((6 * 7))\nend".replaceAll(
      "\\n",
      "\n"
    )
  ),
  shell("exec env A=b printenv A"),
  shell("no-such-command; echo $?; ./words.txt; echo $?; exit 9"),
  { command: ["timeout", "0.3", "sleep", "5"] },
  { command: ["env", "-i", "A=1", "printenv"] },
  { command: ["nice", "-n", "3", "echo", "nice"] },
  python("import os; p = os.fork(); p or os._exit(5); print(os.waitstatus_to_exitcode(os.waitpid(p, 0)[1]))"),
  python("import subprocess; print(subprocess.run(['echo', 'hello'], capture_output=True).stdout)"),
  python(
    "import subprocess; print(subprocess.run(['tr', 'a-z', 'A-Z'], input=b'words ' * 30000, capture_output=True).stdout[-12:])"
  ),
  python(
    "import subprocess as s; a = s.Popen(['sort', '-n', 'words.txt'], stdout=s.PIPE); print(s.check_output(['head', '-n', '2'], stdin=a.stdout))"
  ),
  python("import subprocess as s; p = s.Popen(['sleep', '9']); p.terminate(); print(p.wait())"),
  python(
    "import os, mmap, struct; m = mmap.mmap(-1, 8); p = os.fork(); p or (m.write(struct.pack('q', 77)), os._exit(0)); os.wait(); print(struct.unpack('q', m[:8]))"
  ),
  python(
    "import multiprocessing as m, math; m.set_start_method('fork'); p = m.Pool(3); print(p.map(math.factorial, range(12))); p.close(); p.join()"
  )
]

export const groups: ReadonlyArray<readonly [string, ReadonlyArray<Case>]> = [
  ["busybox", busyboxCases],
  ["coreutils", coreutilsCases],
  ["sqlite3", sqliteCases],
  ["python3", pythonCases],
  ["processes", processCases]
]
