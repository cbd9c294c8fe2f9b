"""Objects: attribute look-ups, methods, properties, inheritance, generators, dictionaries and sets of instances."""
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from heapq import heappop, heappush


@dataclass(frozen=True, order=True)
class Place:
    x: int
    y: int

    def neighbours(self, grid):
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            place = Place(self.x + dx, self.y + dy)
            if grid.holds(place):
                yield place


class Grid:
    def __init__(self, size):
        self.size = size

    def holds(self, place):
        return 0 <= place.x < self.size and 0 <= place.y < self.size

    def cost(self, place):
        return 1


class Hills(Grid):
    def cost(self, place):
        return super().cost(place) + (place.x * 7 + place.y * 13) % 9


@dataclass
class Visit:
    log: list = field(default_factory=list)

    @property
    def length(self):
        return len(self.log)

    def note(self, place):
        self.log.append(place)


def shortest(grid, start, visit):
    best = {start: 0}
    done = set()
    queue = [(0, start)]
    while queue:
        cost, place = heappop(queue)
        if place in done:
            continue
        done.add(place)
        visit.note(place)
        for other in place.neighbours(grid):
            total = cost + grid.cost(other)
            if total < best.get(other, 1 << 30):
                best[other] = total
                heappush(queue, (total, other))
    return best


grid, visit = Hills(int(sys.argv[1])), Visit()
best = shortest(grid, Place(0, 0), visit)
rows = defaultdict(int)
for place, cost in best.items():
    rows[place.x % 10] += cost
print(visit.length, max(best.values()), sorted(rows.items()))
