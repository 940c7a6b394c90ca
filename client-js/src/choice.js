import { byteLength } from './bytes.js'
import { RollcallError } from './error.js'
import { names } from './tokens.js'
import { unawaited, Wishes } from './wishes.js'

/** @import { Link } from './link.js' */
/** @import { Rollcall } from './rollcall.js' */
/** @import { Shelf } from './storage.js' */
/** @import { Token } from './tokens.js' */

/** @typedef {'online' | 'away' | 'busy' | 'offline'} Status */

/** How long the text of a status may be, bytes. */
const maxText = 256

/**
 * Choice is the status that the user chose. The node keeps it while any session of hers lives; beyond
 * that this browser does, and asserts it again in each hello, where it beats no choice that is alive.
 * A choice made while there was no connection is a fresh one, and said as such.
 */
export class Choice {
  #shelf
  #client
  #fresh = /** @type {{ status: Status, text?: string } | null} */ (null) // not answered yet
  #held = /** @type {Status} */ ('online') // what the node said last
  #wishes = new Wishes()

  /** @type {Status} */
  status = 'online'

  /** @param {Shelf} shelf @param {Rollcall} client */
  constructor(shelf, client) {
    this.#shelf = shelf
    this.#client = client
  }

  /** What was chosen shows at once; if the node refuses it, what held before does again. @param {Status} status @param {string} [text] */
  choose(status, text) {
    if (byteLength(text) > maxText) {
      // Not left to the node: by then hello may have said the status, which is to be refused with its text.
      const error = new RollcallError('too_large', 'text', { request: 'status' })
      this.#client.fail(error)
      return unawaited(Promise.reject(error))
    }
    this.#fresh = { status, text }
    const done = this.#wishes.make()
    this.#show(status)
    this.#client.links.forEach((link) => this.enter(link))
    return done
  }

  /** Returns what hello is to say. @param {Token} token */
  hello(token) {
    const kept = this.#shelf.get()
    return this.#fresh?.status ?? (kept && names(token, kept.user) ? kept.status : undefined)
  }

  /** Says the choice on a link, if the node has not taken it yet. @param {Link} link */
  enter(link) {
    const said = this.#fresh
    if (!said) return
    const { mark } = this.#wishes
    const answered = (/** @type {RollcallError | null} */ error) => {
      if (this.#fresh === said) this.#fresh = null
      this.#wishes.settle(error, mark)
      this.told(error ? this.#held : said.status)
    }
    link.request('status', said).then(
      () => answered(null),
      (error) => {
        if (error.passing) return
        answered(error)
        this.#client.fail(error)
      },
    )
  }

  /** The node says what holds. @param {Status} status */
  told(status) {
    this.#held = status
    if (this.#fresh) return
    const { user } = this.#client
    if (user !== null) this.#shelf.put({ user, status })
    this.#show(status)
  }

  /** @param {Status} status */
  #show(status) {
    if (status === this.status) return
    this.status = status
    this.#client.emit('status', status)
  }

  /** The user is nobody from now on: what was chosen is not to be asserted for the next one. */
  forget() {
    this.#shelf.put(null)
  }

  /** @param {RollcallError} error */
  end(error) {
    this.#fresh = null
    this.#wishes.settle(error)
  }
}
