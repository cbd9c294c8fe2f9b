"""Python's sqlite3 module: statements with parameters, rows as tuples, a function and an aggregate written in Python."""
import sqlite3
import sys

COUNT = int(sys.argv[1])


class Spread:
    def __init__(self):
        self.low, self.high = 1 << 60, -(1 << 60)

    def step(self, value):
        self.low, self.high = min(self.low, value), max(self.high, value)

    def finalize(self):
        return self.high - self.low


db = sqlite3.connect(":memory:")
db.create_function("shout", 1, lambda text: text.upper() + "!")
db.create_aggregate("spread", 1, Spread)
db.execute("create table item(id integer primary key, owner int, name text, price int)")
db.executemany(
    "insert into item values(?, ?, ?, ?)", ((i, i % 89, f"thing {i * 31 % 1009}", i * 7919 % 10007) for i in range(COUNT))
)
db.execute("create index by_name on item(name, price)")
total = 0
for owner in range(89):
    rows = db.execute("select shout(name), price from item where owner = ? order by price, name", (owner,)).fetchall()
    total += sum(len(name) + price for name, price in rows)
for name, low in db.execute("select name, min(price) from item group by name").fetchall():
    total += db.execute("select count(*) from item where name = ? and price > ?", (name, low)).fetchone()[0]
print(total, db.execute("select owner, spread(price) from item group by owner order by 2, 1 limit 5").fetchall())
