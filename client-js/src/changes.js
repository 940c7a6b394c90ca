import { replace } from './roster.js'

/** @import { Change, Roster } from './roster.js' */

/** How many changes may wait for a loop, until they are made what differs. */
const most = 1_000

/**
 * Makes a loop over the changes of a room for one `for await`, which may take its time: it sees all of them, in order.
 * If it falls far behind it sees differences only, as after a reconnect, so that no more wait for it than a few for each user.
 *
 * @param {() => void} left called when the loop is left
 */
export function loop(left) {
  /** @type {Change[]} */
  let waiting = []
  /** @type {Roster} */
  let before // the first of what waits
  let bound = most
  let over = false
  let wake = () => {}

  async function* changes() {
    try {
      for (;;) {
        const now = waiting
        waiting = []
        yield* now
        if (waiting.length) continue
        if (over) return
        await new Promise((resolve) => (wake = () => resolve(0)))
      }
    } finally {
      left()
    }
  }

  return {
    changes: changes(),
    /** @param {Change[]} changes @param {Roster} from @param {Roster} to what they made of it */
    push(changes, from, to) {
      if (!waiting.length) before = from
      waiting = waiting.concat(changes)
      if (waiting.length > bound) {
        waiting = replace(before, { ...to, partial: false, complete: true }).changes
        bound = most + 2 * waiting.length // so that it is not done for each of many users
      }
      wake()
    },
    /** What waits is still handed out, then the loop ends. */
    end() {
      over = true
      wake()
    },
  }
}
