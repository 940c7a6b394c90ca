import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { holdRoom, holdUser } from '../src/hold.js'
import { RollcallProvider, useRoom, useUser } from '../src/react.js'
import { settle, World } from './fake.js'

const task = () => new Promise((resolve) => setTimeout(resolve))

test('on a server the hooks render an empty room, and join nothing', () => {
  const world = new World()
  const client = world.client({ connect: false })
  const Page = () => `${useRoom('room').count} ${useRoom(null).state} ${useUser('bob')?.status}`
  assert.equal(renderToString(createElement(RollcallProvider, { client }, createElement(Page))), '0 joining undefined')
  assert.equal(client.room('room'), undefined)
  assert.throws(() => renderToString(createElement(Page)), /RollcallProvider/)
})

test('a room is joined with the first component and left after the last; mounting anew is not seen', async () => {
  const world = new World()
  const client = world.client()
  await settle()
  const hold = holdRoom(client, 'room', false, 'members')
  assert.equal(holdRoom(client, 'room', false, 'members'), hold)
  const first = hold.subscribe(() => {})
  hold.say('{"a":1}') // of a parent, whose effects come last
  await settle()
  assert.deepEqual(world.socket.find('join').data, { a: 1 })
  first()
  const second = hold.subscribe(() => {}) // as in StrictMode
  await task()
  assert.deepEqual(world.socket.sent.filter((m) => m.channel).map((m) => m.type), ['join'])
  second()
  await task()
  assert.equal(world.socket.sent.at(-1).type, 'leave')
})

test('what a component sees is one moment, the same object until something changes', async () => {
  const world = new World()
  const client = world.client()
  await settle()
  const hold = holdRoom(client, 'room', false, 'members')
  let renders = 0
  hold.subscribe(() => renders++)
  await settle()
  world.socket.roster('room', 1, ['alice'])
  const view = hold.view()
  renders = 0
  assert.deepEqual([hold.view() === view, view.count, view.state], [true, 1, 'live'])
  world.socket.say({ type: 'diff', channel: 'room', version: 2, count: 2, join: [{ user: 'bob', since: 1 }] })
  assert.deepEqual([view.members.size, hold.view().members.size, renders], [1, 2, 1])
})

test('who only watches goes on watching when the last member goes', async () => {
  const world = new World()
  const client = world.client()
  await settle()
  holdRoom(client, 'room', true, 'members').subscribe(() => {})
  const leave = holdRoom(client, 'room', false, 'members').subscribe(() => {})
  leave()
  await task()
  assert.deepEqual(world.socket.sent.filter((m) => m.channel).map((m) => m.type), ['watch', 'join', 'leave', 'watch'])
})

test('a room of the application is not left by components', async () => {
  const world = new World()
  const client = world.client()
  const room = client.join('room')
  const done = holdRoom(client, 'room', false, 'members').subscribe(() => {})
  done()
  await task()
  assert.equal(room.state, 'joining')
})

test('a followed user is shown as she is', async () => {
  const world = new World()
  const client = world.client()
  await settle()
  const hold = holdUser(client, 'bob')
  const stop = hold.subscribe(() => {})
  await settle()
  world.socket.answer('follow', { type: 'users', users: [{ user: 'bob', status: 'busy' }] })
  assert.equal(hold.view().status, 'busy')
  stop()
  await task()
  await settle()
  assert.equal(world.socket.sent.at(-1).type, 'unfollow')
})

test('components that are rendered together share, and what was rendered and never shown is forgotten in the end', async () => {
  const client = new World().client()
  const first = holdRoom(client, 'room', false, 'members')
  const second = holdUser(client, 'bob')
  assert.equal(holdRoom(client, 'room', false, 'members'), first) // for another component, before either is mounted
  const stop = first.subscribe(() => {})
  assert.deepEqual([holdRoom(client, 'room', false, 'members') === first, holdUser(client, 'bob') === second], [true, true])
  for (let i = 0; i < 100; i++) holdUser(client, `user ${i}`)
  assert.deepEqual([holdRoom(client, 'room', false, 'members') === first, holdUser(client, 'bob') === second], [true, false])
  stop()
})
