/**
 * A page that uses the hooks. `show` renders members and a followed user, in StrictMode; `shown` is what a reader of the
 * page sees; `torn` counts commits in which two components were shown different moments of one room.
 */
import { createElement as h, Fragment, startTransition, StrictMode, useLayoutEffect } from 'react'
import { createRoot } from 'react-dom/client'
import { Rollcall } from '../../src/index.js'
import { RollcallProvider, useRoom, useUser } from '../../src/react.js'

const query = new URLSearchParams(location.search)
const token = async () => (await fetch(`/token?user=${query.get('user')}`)).text()
const rollcall = (globalThis.rollcall = new Rollcall(query.getAll('node'), { token }))
const root = createRoot(document.getElementById('root'))
const rows = 20
const seen = Array(rows) // what each row has rendered last
globalThis.torn = 0
globalThis.commits = 0

function Row({ channel, number }) {
  const { members } = useRoom(channel)
  for (const end = performance.now() + 2; performance.now() < end; ); // slow enough for news to come meanwhile
  useLayoutEffect(() => void (seen[number] = members))
  return h('i', null, members.size)
}

function Page({ channel, friend }) {
  const { members, state } = useRoom(channel, { data: { page: 'react' } })
  const status = useUser(friend)?.status
  useLayoutEffect(() => {
    globalThis.commits++
    if (new Set([members, ...seen]).size > 1) globalThis.torn++
  })
  return h(Fragment, null,
    h('p', null, `${state}: ${[...members.keys()].sort().join(' ')}; ${friend} is ${status}`),
    Array.from({ length: rows }, (_, number) => h(Row, { key: number, channel, number })))
}

/** Null for a channel: nothing. As a transition, rendering makes way for news. */
globalThis.show = (channel, friend) =>
  startTransition(() => root.render(h(StrictMode, null, h(RollcallProvider, { client: rollcall }, channel && h(Page, { channel, friend })))))
globalThis.shown = () => document.querySelector('p')?.textContent ?? ''
