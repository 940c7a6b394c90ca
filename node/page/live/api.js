/** The HTTP API of the node that serves this page. */

/**
 * @typedef {{ id: string, name: string, state: string }} Belief
 * @typedef {{ sessions: number, anonymous: number, sees: Belief[] }} Says
 * @typedef {{ id: string, name: string, version?: string, addresses: { listen?: string, admin?: string, gossip?: string }, state: string, sessions: number, anonymous: number, peak: number, lastHeard: number, started?: number, says?: Says, unknown?: string }} Node
 * @typedef {{ interval: number, timeout: number, grace: number, nodes: Node[] }} Cluster
 * @typedef {{ channel: string, users: number, sessions: number }} Channel
 * @typedef {{ reason: string, at: number }} End
 * @typedef {{ socket: boolean, lastFrame?: number, graceUntil?: number, tokenUntil?: number }} Held
 * @typedef {{ id: string, node: string, nodeId: string, state: string, address: string, agent: string, connectedAt?: number, lastActivity?: number, channels: string[], held?: Held, unknown?: string, ends?: End[] }} Session
 * @typedef {{ user: string, status: string, since?: number, lastSeen?: number, text?: string, chosen: string, connection: string, channels: string[], sessions: Session[], leaves?: End }} Why
 */

/** Refused is why the node did not answer what was asked. */
export class Refused extends Error {
  /** @param {number} status @param {string} code @param {string} message */
  constructor(status, code, message) {
    super(message)
    this.status = status
    this.code = code
  }
}

const place = 'rollcall.admin-key'

/**
 * The key is kept by this tab, and goes out in a header of our own making: neither can another
 * site have it sent, as it could a cookie, nor does it stand in an address, which is logged.
 */
export const key = {
  get: () => sessionStorage.getItem(place) ?? '',
  /** @param {string} text */
  set: (text) => sessionStorage.setItem(place, text),
  forget: () => sessionStorage.removeItem(place),
}

/** How long the node may take, milliseconds: a question to others takes its timeout, which is rarely more than this. */
const patience = 60_000

/** @param {string} path @returns {Promise<Response>} */
async function ask(path) {
  const bearer = key.get()
  const answer = await fetch(path, { cache: 'no-store', credentials: 'omit', signal: AbortSignal.timeout(patience), headers: bearer ? { Authorization: `Bearer ${bearer}` } : {} })
  if (answer.ok) return answer
  const { error } = await answer.json().catch(() => ({ error: {} }))
  throw new Refused(answer.status, error?.code ?? '', error?.message ?? answer.statusText)
}

/** @param {string} path @returns {Promise<any>} */
const json = async (path) => (await ask(path)).json()

/** @returns {Promise<Cluster>} */
export const nodes = () => json('v1/nodes')

/** The nodes as each says itself; takes until all have answered. @returns {Promise<Cluster>} */
export const nodesAsked = () => json('v1/nodes?ask=true')

/** @param {number} most @returns {Promise<Channel[]>} */
export const largest = async (most) => (await json(`v1/channels?sort=users&limit=${most}`)).channels

/** @param {string} user @returns {Promise<Why>} */
export const why = (user) => json(`v1/users/${encodeURIComponent(user)}/why`)

/** @returns {Promise<string>} */
export const metrics = async () => (await ask('metrics')).text()
