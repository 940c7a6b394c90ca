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

/**
 * Returns what has the server tell, from now on, how the cluster is and who is in a room by which
 * devices: at once, and after each change. A page that is not looked at does not listen: a browser
 * has few connections to one server, and there may be many tabs.
 *
 * @param {object} told
 * @param {(sight: Sight) => void} told.cluster
 * @param {(people: Person[]) => void} told.people the first 200 by name
 * @param {() => void} told.lost the server does not answer
 * @returns {(room: string) => void}
 */
export function watch({ cluster, people, lost }) {
  /** @type {EventSource | null} */
  let source = null
  let room = ''
  const listen = () => {
    source?.close()
    source = null
    if (document.hidden) return
    source = new EventSource(`/api/cluster/events?room=${encodeURIComponent(room)}`)
    source.addEventListener('cluster', ({ data }) => cluster(JSON.parse(data)))
    source.addEventListener('people', ({ data }) => people(JSON.parse(data)))
    source.onerror = lost
  }
  document.addEventListener('visibilitychange', listen)
  return (next) => {
    room = next
    listen()
  }
}
