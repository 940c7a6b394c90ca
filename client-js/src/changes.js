/** @import { Change } from './roster.js' */

/**
 * Makes a loop over the changes of a room for one `for await`, which may take its time: what waits for it
 * is at most one change per user, since a join that is undone before it was told is none.
 *
 * @param {() => void} left called when the loop is left
 */
export function loop(left) {
  /** @type {Map<string, Change>} */
  const waiting = new Map()
  let over = false
  let wake = () => {}

  async function* changes() {
    try {
      for (;;) {
        for (const [user, change] of waiting) {
          waiting.delete(user)
          yield change
        }
        if (over) return
        await new Promise((resolve) => (wake = () => resolve(0)))
      }
    } finally {
      left()
    }
  }

  return {
    changes: changes(),
    push(/** @type {Change} */ change) {
      const net = merge(waiting.get(change.user), change)
      waiting.delete(change.user)
      if (net) waiting.set(change.user, net)
      wake()
    },
    /** What waits is still handed out, then the loop ends. */
    end() {
      over = true
      wake()
    },
  }
}

/**
 * Returns what two changes of one user come to; null: nothing.
 *
 * @param {Change | undefined} first
 * @param {Change} then
 * @returns {Change | null}
 */
function merge(first, then) {
  if (!first) return then
  if (then.action === 'leave') return first.action === 'join' ? null : then
  const action = first.action === 'join' ? 'join' : 'update'
  return /** @type {Change} */ ({ ...then, action, old: 'old' in first ? first.old : first.member })
}
