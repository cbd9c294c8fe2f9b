"""Numbers and strings through the standard library: json, regular expressions, SHA-256, and calls of small functions."""
import hashlib
import json
import re
import sys

ROUNDS = int(sys.argv[1])


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def record(i):
    return {"id": i, "name": f"user{i % 97}", "tags": [f"t{i % 7}", f"t{i % 11}"], "score": i * 7 % 1000 / 8}


text = json.dumps([record(i) for i in range(2000)])
digest = hashlib.sha256()
words = 0
for turn in range(ROUNDS):
    records = json.loads(text)
    for entry in records:
        entry["score"] += turn
    out = json.dumps(records, sort_keys=True)
    words += sum(len(m.group(1)) for m in re.finditer(r'"name": "(user\d*[13579])"', out))
    words += len(re.sub(r"[aeiou]+", "", out)) + len(re.split(r"[,:{}\[\]]+\s*", out))
    digest.update(out.encode())
print(digest.hexdigest(), words, fib(17 + ROUNDS // 4))
