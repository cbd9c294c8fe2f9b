/** What the measured programs read: made here, the same in every run, so that nothing has to be kept or downloaded. */
import * as fs from "node:fs"
import * as path from "node:path"

/** Numbers from 0 to 2^32 - 1 that look random and are the same in every run: xorshift32 (Marsaglia, 2003). */
const numbersFrom = (seed: number): ((below: number) => number) => {
  let state = seed
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

/** Made-up words of two to ten letters. */
const vocabulary = (count: number, next: (below: number) => number): ReadonlyArray<string> =>
  Array.from({ length: count }, () =>
    Array.from({ length: 1 + next(5) }, () => "bcdfghklmnprst"[next(14)]! + "aeiou"[next(5)]!).join("")
  )

/** Lines of words, the first words of the vocabulary being the most frequent. */
const text = (lines: number): string => {
  const next = numbersFrom(2463534242)
  const words = vocabulary(6000, next)
  const word = () => words[next(1 + next(1 + next(words.length)))]!
  return Array.from({ length: lines }, () => `${Array.from({ length: 4 + next(12) }, word).join(" ")}${next(9)}\n`).join("")
}

/** Columns: a number, a digit, and two words with a number each. */
const columns = (lines: number): string => {
  const next = numbersFrom(88172645)
  const words = vocabulary(800, next)
  const word = () => words[next(words.length)]!
  return Array.from({ length: lines }, () => `${next(100000)} ${next(10)} ${word()} ${word()}${next(1000)}\n`).join("")
}

/** Bytes that do not compress. */
const noise = (megabytes: number): Buffer => {
  const next = numbersFrom(521288629)
  const block = new Uint32Array(2 ** 18).map(() => next(2 ** 32))
  return Buffer.concat(
    Array.from({ length: megabytes }, (_, i) => {
      block[0] = i
      return Buffer.from(block.slice().buffer)
    })
  )
}

/** 20,000 inserts and some joins, for the shell of sqlite3. */
const statements = (inserts: number): string => {
  const next = numbersFrom(362436069)
  const words = vocabulary(500, next)
  const owners = Array.from({ length: 300 }, (_, i) => `insert into owner values(${i}, '${words[i]}', ${next(20)});`)
  const items = Array.from(
    { length: inserts },
    (_, i) => `insert into item values(${i}, ${next(300)}, ${next(10000)}, '${words[next(500)]} ${words[next(500)]}');`
  )
  return [
    "create table owner(id integer primary key, name text, town int);",
    "create table item(id integer primary key, owner int, price int, label text);",
    "begin;",
    ...owners,
    ...items,
    "commit;",
    "create index by_owner on item(owner, price);",
    "select town, count(*), sum(price), max(label) from item join owner on owner.id = item.owner group by town order by 3 desc;",
    "select a.name, count(*) from owner a join item i on i.owner = a.id join item j on j.owner = a.id and j.price > i.price " +
      "where a.town = 7 group by a.id order by 2 desc, 1 limit 5;",
    "select count(*), sum(length(label)) from item where label like '%sa%to%';",
    "select substr(label, 1, 3) p, avg(price) from item group by p having count(*) > 50 order by 2 desc limit 5;",
    "update item set price = price + length(label) where owner % 3 = 1;",
    "select sum(price), count(distinct label) from item;",
    ""
  ].join("\n")
}

/** C with loops over arrays, switches, structures and calls: much for an optimising compiler to do. */
const source = (functions: number): string => {
  const next = numbersFrom(123456789)
  const operators = ["+", "-", "*", "^", "&", "|"]
  const operator = () => operators[next(operators.length)]!
  const one = (i: number) => {
    const cases = Array.from(
      { length: 3 + next(6) },
      (_, k) => `    case ${k}: a ${operator()}= p->v[(i + ${k}) & 15]; break;`
    )
    const callee = i === 0 ? "a" : `f${next(i)}(p, a & 7)`
    return `long f${i}(struct node *p, long n) {
  long a = ${next(1000)}, b = n;
  for (long i = 0; i < n; i++) {
    switch (i % ${3 + next(5)}) {
${cases.join("\n")}
    default: b = (b << ${1 + next(5)}) ${operator()} a;
    }
    if ((a ${operator()} b) > ${next(500)}) p->w[i & 7] ${operator()}= (int)(a ${operator()} ${1 + next(99)});
    else b += p->d * ${next(100)}.5;
  }
  while (p->next && b > ${next(50)}) { b -= p->v[${next(16)}] | 1; p = p->next; }
  return a ${operator()} b ${operator()} ${callee};
}`
  }
  const all = Array.from({ length: functions }, (_, i) => one(i))
  return `struct node { struct node *next; long v[16]; int w[8]; double d; };\n${all.join("\n")}\n`
}

/** A history for `git fast-import`: some files, a few of which change with each commit. */
const history = (commits: number): string => {
  const next = numbersFrom(987654321)
  const words = vocabulary(400, next)
  const line = () => Array.from({ length: 3 + next(6) }, () => words[next(words.length)]!).join(" ")
  const files = Array.from({ length: 40 }, (_, i) => ({
    name: `${words[i % 7]}/${words[i]}${i}.txt`,
    lines: Array.from({ length: 80 + next(120) }, line)
  }))
  const data = (content: string) => `data ${Buffer.byteLength(content)}\n${content}\n`
  const commit = (i: number) => {
    const changed = i === 0 ? files : Array.from({ length: 1 + next(4) }, () => files[next(files.length)]!)
    for (const { lines } of changed) for (let n = 0; n < 3; n++) lines.splice(next(lines.length), next(3), line())
    const modified = changed.map(({ lines, name }) => `M 644 inline ${name}\n${data(`${lines.join("\n")}\n`)}`)
    return (
      `commit refs/heads/main\nmark :${i + 1}\ncommitter Somebody <somebody@example.org> ${1_000_000_000 + i * 3600} +0000\n` +
      data(line()) +
      (i === 0 ? "" : `from :${i}\n`) +
      modified.join("")
    )
  }
  return Array.from({ length: commits }, (_, i) => commit(i)).join("")
}

const scripts = path.resolve(import.meta.dirname, "guest")

/** Contents by file name. */
const makers: Readonly<Record<string, () => string | Buffer>> = {
  ...Object.fromEntries(fs.readdirSync(scripts).map((name) => [name, () => fs.readFileSync(path.join(scripts, name))])),
  "short.txt": () => text(12_000),
  "text.txt": () => text(30_000),
  "long.txt": () => text(200_000),
  "columns.txt": () => columns(60_000),
  "noise.bin": () => noise(100),
  "statements.sql": () => statements(20_000),
  "source.c": () => source(15),
  "history.import": () => history(1500)
}

/** Writes the files that do not exist yet into a directory. */
export const writeInputs = (directory: string, names: ReadonlyArray<string>): void => {
  for (const name of new Set(names)) {
    const file = path.join(directory, name)
    const make = makers[name]
    if (make === undefined) throw new Error(`no such input: ${name}`)
    if (!fs.existsSync(file)) fs.writeFileSync(file, make())
  }
}
