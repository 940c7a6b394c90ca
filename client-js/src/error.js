/**
 * Why a request was refused or a connection ended. Act on `code`; `message` is for
 * people and may change.
 *
 * Codes of the node: `bad_request` `unauthorized` `expired` `forbidden` `not_member`
 * `too_large` `rate_limited` `limit_reached` `unsupported` `draining` `internal`.
 * Codes of this client: `closed` (you closed it), `left` (you left the room),
 * `logged_out`, `kicked` (an operator disconnected you, or your page's origin is refused),
 * `protocol` (node and client do not understand each other), `token` (the token function
 * failed), `disconnected` (the connection ended before the answer; never seen outside).
 */
export class RollcallError extends Error {
  /**
   * @param {string} code
   * @param {string} [message] the code, if there is nothing to add
   * @param {{ request?: string, channel?: string, cause?: unknown }} [about]
   */
  constructor(code, message, about = {}) {
    super(message || code, about)
    this.name = 'RollcallError'
    /** What went wrong, for programs. */
    this.code = code
    /** The type of the request that was refused, such as `join`, if it was one. */
    this.request = about.request
    /** The channel it was about, if any. */
    this.channel = about.channel
  }

  /** Whether the request went down with its connection, or is about to: it is made again on the next. @internal */
  get passing() {
    return ['disconnected', 'rate_limited', 'draining'].includes(this.code)
  }
}
