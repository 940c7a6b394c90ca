import { byteLength } from './bytes.js'
import { RollcallError } from './error.js'
import { attempt } from './storage.js'
import { unawaited } from './wishes.js'

/** @import { Clock } from './clock.js' */

/** What is assumed until the node's welcome says it, milliseconds. */
const assumed = { interval: 10_000, timeout: 13_000 }

/**
 * How long a node that is asked whether it is there may take at most to say anything, milliseconds; less where
 * its timeout leaves less to its clients after a ping.
 */
const probeTime = 3_000

/** As the node's own codes, for what we conclude ourselves. */
const silent = 4408
const notTheProtocol = 4400

/**
 * What a link asks and tells.
 *
 * @typedef {object} LinkHost
 * @property {() => Record<string, any>} hello returns the fields of the first frame
 * @property {(link: Link) => void} opened after hello was sent, and before anything is answered
 * @property {(link: Link, message: any) => void} take each message but refusals of requests, the welcome first
 * @property {(link: Link, code: number, error: RollcallError) => void} ended once, unless we ended it ourselves
 */

/**
 * Link is one WebSocket: it says hello, answers pings, matches answers with requests, and notices
 * when the node has fallen silent. It does not reconnect. It may be asked as soon as it is opened;
 * what is unanswered when it ends is rejected with code `disconnected`.
 */
export class Link {
  #clock
  #host
  #socket
  #maxFrame
  /** @type {Map<number, { resolve: (answer: any) => void, reject: (error: RollcallError) => void, about: { request: string, channel?: string } }>} */
  #waiting = new Map()
  #lastId = 0
  #heard // by clock.mono
  #probed = 0 // when the node was asked whether it is there; 0: it has said something since
  #open = false
  #over = false

  /** The node's last word, if that was an error: a close frame tells less. @type {RollcallError | null} */
  refusal = null
  /** The node's answer to hello. @type {any} */
  welcome = null
  /** When hello was said, by clock.mono. */
  since = 0

  /**
   * @param {number} number counts links: the higher of two is the newer one
   * @param {string} url
   * @param {{ WebSocket: any, clock: Clock, maxFrame: number }} means
   * @param {LinkHost} host
   */
  constructor(number, url, { WebSocket, clock, maxFrame }, host) {
    this.number = number
    this.#clock = clock
    this.#host = host
    this.#maxFrame = maxFrame
    this.#heard = clock.mono()
    const socket = (this.#socket = new WebSocket(url, 'rollcall.v1'))
    socket.onopen = () => this.#opened()
    socket.onmessage = (/** @type {{ data: any }} */ event) => this.#frame(event.data)
    socket.onclose = (/** @type {{ code: number, reason: string }} */ event) => this.#end(event.code, event.reason)
    socket.onerror = () => {} // close follows, and says as much
  }

  /** Whether hello was sent, and the link has not ended. */
  get open() {
    return this.#open && !this.#over
  }

  /**
   * Sends a request and returns the node's answer; of a roster in parts, the first. Rejected if the
   * node refuses, or if the link ends before.
   *
   * @param {string} type
   * @param {Record<string, any>} [fields]
   * @returns {Promise<any>}
   */
  request(type, fields = {}) {
    const about = { request: type, channel: fields.channel }
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      if (!this.open) return reject(new RollcallError('disconnected', '', about))
      const frame = JSON.stringify({ type, id, ...fields })
      if (byteLength(frame) > this.#maxFrame) {
        return reject(new RollcallError('too_large', 'beyond maxFrame', about)) // the node would end the link for it
      }
      this.#waiting.set(id, { resolve, reject, about })
      this.#send(frame)
    })
  }

  /** Asks whether the node is still there; {@link Link.check} draws the conclusion. Returns the answer. */
  probe() {
    this.#probed ||= this.#clock.mono()
    return this.request('time')
  }

  /**
   * Gives the link up if the node has been silent for too long.
   *
   * @param {boolean} late whether this comes after a pause: then what the node sent meanwhile may not
   *   have been read yet, and it is asked first
   */
  check(late) {
    const now = this.#clock.mono()
    const { interval, timeout } = this.welcome ?? assumed
    const quiet = now - this.#heard >= timeout
    if (late && !quiet) this.#probed &&= now // an answer may be there already
    const unanswered = this.#probed && now - this.#probed >= Math.min(probeTime, timeout - interval)
    if (unanswered || (quiet && !(this.#open && (late || this.#probed)))) this.#end(silent, 'silent')
    else if (quiet) unawaited(this.probe())
  }

  /** Ends the link without a word; only who waits for an answer is told. */
  drop() {
    this.#over = true
    const socket = this.#socket
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.close()
    for (const { reject, about } of this.#waiting.values()) reject(new RollcallError('disconnected', '', about))
    this.#waiting.clear()
  }

  /** Ends the link with a goodbye: the user leaves at once. */
  bye() {
    if (this.open) this.#send('{"type":"bye"}')
    this.drop()
  }

  #opened() {
    this.#open = true
    this.since = this.#heard = this.#clock.mono()
    // Most refusals are followed by a close frame, which says what to do; these wait for a better hello.
    this.request('hello', this.#host.hello()).catch(({ code }) => {
      if (code === 'bad_request' || code === 'too_large') this.#end(notTheProtocol, code)
    })
    this.#host.opened(this)
  }

  /** A broken line does not spoil the next. @param {any} data */
  #frame(data) {
    this.#heard = this.#clock.mono()
    this.#probed = 0
    for (const line of String(data).split('\n')) {
      const message = attempt(() => JSON.parse(line))
      if (message && !this.#over) this.#take(message)
    }
  }

  /** @param {any} message */
  #take(message) {
    if (message.type === 'ping') this.#send('{"type":"pong"}') // here and now: timers may sleep
    if (message.type === 'welcome') this.welcome = message
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if (message.type === 'error') {
      const error = new RollcallError(message.code, message.message, waiting?.about)
      this.refusal = error // the last word, if it closes now
      return waiting ? waiting.reject(error) : this.#host.take(this, message)
    }
    this.refusal = null
    this.#host.take(this, message)
    waiting?.resolve(message)
  }

  /** A socket that is closing takes nothing, and says so in a moment. @param {string} frame */
  #send(frame) {
    if (this.#socket.readyState === 1) this.#socket.send(frame)
  }

  /** @param {number} code @param {string} reason */
  #end(code, reason) {
    if (this.#over) return
    this.drop()
    const { refusal } = this
    this.#host.ended(this, code, new RollcallError(refusal?.code ?? '', `${code} ${refusal?.message ?? reason}`))
  }
}
