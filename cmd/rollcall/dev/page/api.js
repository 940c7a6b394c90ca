/** What only the server of this page can tell or do. */

/**
 * @typedef {'starting' | 'running' | 'paused' | 'killed'} NodeState
 * @typedef {{ name: string, url: string, state: NodeState, since: number, sessions: number, sees: { name: string, state: string }[] }} NodeSight
 * @typedef {{ interval: number, timeout: number, grace: number, nodes: NodeSight[] }} Sight
 * @typedef {{ user: string, devices: { node: string, state: string }[] }} Person
 */

/** @param {string} path @param {any} [body] @returns {Promise<any>} */
async function post(path, body = {}) {
  const answer = await fetch(`/api/${path}`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
  const value = await answer.json()
  if (!answer.ok) throw new Error(value.error.message)
  return value
}

/** @param {string} user @returns {Promise<string>} */
export const token = async (user) => (await post('token', { user })).token

/** @param {string} node @param {string} action @returns {Promise<Sight>} */
export const act = (node, action) => post(`nodes/${encodeURIComponent(node)}/${action}`)

/** At most 200 users. @param {string} room @param {string[]} users @returns {Promise<Person[]>} */
export const people = async (room, users) => (await post('people', { room, users })).people

/**
 * Tells how the cluster is, at once and after each change. A page that is not looked at does not
 * listen: a browser has few connections to one server, and there may be many tabs.
 *
 * @param {(sight: Sight) => void} seen
 * @param {() => void} lost the server does not answer
 */
export function watch(seen, lost) {
  /** @type {EventSource | null} */
  let source = null
  const listen = () => {
    source?.close()
    source = null
    if (document.hidden) return
    source = new EventSource('/api/cluster/events')
    source.onmessage = ({ data }) => seen(JSON.parse(data))
    source.onerror = lost
  }
  document.addEventListener('visibilitychange', listen)
  listen()
}
