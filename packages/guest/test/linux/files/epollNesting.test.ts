/** Interest lists that hold each other: as deep as Linux lets them be. */
import { assert, describe, it } from "@effect/vitest"
import { Errno } from "@emu/guest/linux/kernel/errno"
import { Epoll } from "@emu/guest/linux/files/open/Epoll"

const chain = (length: number): ReadonlyArray<Epoll> => {
  const all = Array.from({ length }, () => new Epoll().hold())
  all.slice(1).forEach((inner, i) => assert.strictEqual(all[i]!.add(i, inner, 1, 0n), 0))
  return all
}

describe("nested epolls", () => {
  it("are five deep at most, at whichever end the sixth is added", () => {
    const five = chain(5)
    const other = new Epoll().hold()
    assert.strictEqual(other.add(1, five[0]!, 1, 0n), -Errno.ELOOP)
    assert.strictEqual(five[4]!.add(1, other, 1, 0n), -Errno.ELOOP)
    assert.strictEqual(five[3]!.add(9, other, 1, 0n), 0)
  })

  it("may be joined as long as the whole is not too deep", () => {
    const [two, three, more] = [chain(2), chain(3), chain(3)]
    assert.strictEqual(two[1]!.add(7, three[0]!, 1, 0n), 0)
    assert.strictEqual(more[2]!.add(7, two[0]!, 1, 0n), -Errno.ELOOP)
    assert.strictEqual(two[1]!.remove(7, three[0]!), 0)
    assert.strictEqual(more[2]!.add(7, two[0]!, 1, 0n), 0)
  })

  it("never hold themselves", () => {
    const three = chain(3)
    assert.strictEqual(three[2]!.add(3, three[0]!, 1, 0n), -Errno.ELOOP)
    assert.strictEqual(three[0]!.add(3, three[0]!, 1, 0n), -Errno.EINVAL)
  })

  it("forget those that are closed", () => {
    const five = chain(5)
    five[4]!.release()
    assert.strictEqual(five[3]!.add(8, new Epoll().hold(), 1, 0n), 0)
  })
})
