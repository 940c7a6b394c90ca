import { RollcallError } from './error.js'

/** @import { Clock } from './clock.js' */

/** @typedef {string | null | undefined} Token null: be anonymous */
/** @typedef {Token | (() => Token | Promise<Token>)} TokenSource */

/** A token that ends sooner than this is not shown to a new node, milliseconds. */
const margin = 30_000

/** How long a token function may take, milliseconds. */
const patience = 30_000

/**
 * Tokens knows which token to show. One from a function is shown again until it is refused or about
 * to end, so that a node that dies does not send all its clients to the backend.
 */
export class Tokens {
  #clock
  #token = /** @type {Token} */ (null) // the last one of a function
  /** When the token ends, Unix milliseconds of the node; null: never, or not known. @type {number | null} */
  expires = null
  #refused = /** @type {any} */ (this) // the last token that was refused; so far none
  #asked = /** @type {Promise<Token> | null} */ (null)

  /** @param {TokenSource} source @param {Clock} clock */
  constructor(source, clock) {
    this.source = source
    this.#clock = clock
  }

  /** @param {TokenSource} source */
  use(source) {
    this.source = source
    this.#token = this.#asked = null
    this.#refused = this
  }

  /** The node would not take this one: it is not shown again. @param {Token} token */
  refused(token) {
    this.#refused = token
    this.#token = null
  }

  /** Whether a fresh token can be asked for. */
  get renewable() {
    return typeof this.source === 'function'
  }

  /** Whether there is a token to try, or a function that may return one. */
  get hopeful() {
    return this.renewable || this.source != this.#refused
  }

  /** Returns a token for a new connection. @param {number} now by the node's clock */
  get(now) {
    return this.#token && (this.expires ?? Infinity) - now > margin ? this.#token : this.renew()
  }

  /** Asks for a fresh token; who asks meanwhile gets the same. @returns {Promise<Token>} */
  renew() {
    return (this.#asked ??= this.#ask().finally(() => (this.#asked = null)))
  }

  async #ask() {
    const { source } = this
    if (typeof source !== 'function') return source
    let timer
    try {
      const late = new Promise((_, reject) => {
        timer = this.#clock.setTimeout(() => reject('timeout'), patience)
      })
      const token = await Promise.race([source(), late])
      if (source === this.source) this.#token = token
      this.expires = null
      return token
    } catch (cause) {
      throw new RollcallError('token', `token function: ${cause}`, { cause })
    } finally {
      this.#clock.clearTimeout(timer)
    }
  }
}

/**
 * Tells whether a token says that its bearer is that user, whatever its claim for it is called.
 * Nothing is verified: this only keeps one user's choices from being told of another.
 *
 * @param {Token} token
 * @param {string} user
 */
export function names(token, user) {
  try {
    const payload = /** @type {string} */ (token).split('.')[1].replace(/-/g, '+').replace(/_/g, '/')
    const text = decodeURIComponent(escape(atob(payload))) // escape makes %xx of each byte: old, everywhere, short
    return Object.values(JSON.parse(text)).includes(user)
  } catch {
    return false
  }
}
