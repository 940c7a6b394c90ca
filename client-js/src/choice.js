import { names } from './tokens.js'
import { Wishes } from './wishes.js'

/** @import { RollcallError } from './error.js' */
/** @import { Link } from './link.js' */
/** @import { Shelf } from './storage.js' */
/** @import { Token } from './tokens.js' */

/** @typedef {'online' | 'away' | 'busy' | 'offline'} Status */

/**
 * Choice is the status that the user chose. The node keeps it while any session of hers lives; beyond
 * that this browser does, and asserts it again in each hello, where it beats no choice that is alive.
 * A choice made while there was no connection is a fresh one, and said as such.
 */
export class Choice {
  #shelf
  #host
  #fresh = /** @type {{ status: Status, text?: string } | null} */ (null) // not answered yet
  #wishes = new Wishes()

  /** @type {Status} */
  status = 'online'

  /**
   * @param {Shelf} shelf
   * @param {{ links: () => Link[], user: () => string | null, changed: () => void, error: (error: RollcallError) => void }} host
   */
  constructor(shelf, host) {
    this.#shelf = shelf
    this.#host = host
  }

  /** @param {Status} status @param {string} [text] */
  choose(status, text) {
    this.#fresh = { status, text }
    const done = this.#wishes.make()
    this.#host.links().forEach((link) => this.enter(link))
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
    link.request('status', said).then(
      () => {
        this.#taken(said, null, mark)
        this.told(said.status)
      },
      (error) => {
        if (error.code === 'disconnected') return // said again on the next link
        this.#taken(said, error, mark)
        this.#host.error(error)
      },
    )
  }

  /** The node says what holds. @param {Status} status */
  told(status) {
    if (this.#fresh) return
    const user = this.#host.user()
    if (user !== null) this.#shelf.put({ user, status })
    if (status === this.status) return
    this.status = status
    this.#host.changed()
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

  /** @param {{ status: Status }} said @param {RollcallError | null} error @param {number} mark */
  #taken(said, error, mark) {
    if (this.#fresh === said) this.#fresh = null
    this.#wishes.settle(error, mark)
  }
}
