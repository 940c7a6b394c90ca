import { byId, make } from './dom.js'
import { nameOf, seal } from './people.js'
import { clock } from './words.js'

/** @typedef {{ id: number, user: string, text: string, at: number }} Message */

/** How many lines are kept. */
const most = 500

/** Messages of one person within that time stand under one name, milliseconds. */
const together = 5 * 60_000

/** @type {Message | null} the last one, if nothing was said of anybody since */
let last = null

/** @param {Message} message */
export function showMessage(message) {
  const { user, text, at } = message
  const more = last?.user === user && at - last.at < together
  append(make('li', { class: more ? 'message more' : 'message', 'data-user': user },
    seal(user),
    make('span', { class: 'head' }, nameOf(user), make('time', { datetime: new Date(at).toISOString() }, clock(at).slice(0, 5))),
    make('span', { class: 'text', dir: 'auto' }, text)))
  last = message
}

/**
 * Something that happened, in passing.
 *
 * @param {'join' | 'leave' | 'move'} kind
 * @param {...(Node | string)} parts
 */
export function showNotice(kind, ...parts) {
  append(make('li', { class: 'notice', 'data-kind': kind }, make('span', {}, ...parts)))
  last = null
}

/** Adds a line, and shows it to whoever has not scrolled up to read. @param {Element} element */
function append(element) {
  const list = byId('messages')
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80
  list.append(element)
  while (list.childElementCount > most) list.firstElementChild.remove()
  if (atEnd) list.scrollTop = list.scrollHeight
}

/**
 * Reads messages as they come, those of before first. A page that is not looked at does not: a browser has
 * few connections to one server, and there may be many tabs.
 */
export function readMessages() {
  /** @type {EventSource | null} */
  let source = null
  let id = 0
  const listen = () => {
    source?.close()
    source = null
    if (document.hidden) return
    source = new EventSource(`/messages?after=${id}`)
    source.onmessage = ({ data }) => {
      const message = JSON.parse(data)
      if (message.id <= id) return
      id = message.id
      showMessage(message)
    }
  }
  document.addEventListener('visibilitychange', listen)
  listen()
}

/** @param {string} path @param {any} body @param {Record<string, string>} [headers] @returns {Promise<any>} */
export async function post(path, body, headers = {}) {
  const answer = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error((await answer.text()).trim())
  return answer.json()
}
