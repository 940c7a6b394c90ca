import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { transform } from 'esbuild'
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { RollcallProvider } from '../src/react.js'
import { settle, World } from './fake.js'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const samples = (kind) => [...readme.matchAll(new RegExp('```' + kind + '\\n(.*?)```', 'gs'))].map(([, code]) => code)

/** Imports code as if the package were installed. */
async function run(code, name) {
  const file = new URL(`./readme-sample-${name}.mjs`, import.meta.url)
  try {
    writeFileSync(file, code.replaceAll("'rollcall-client'", "'../src/index.js'").replaceAll('rollcall-client/react', '../src/react.js'))
    return await import(file)
  } finally {
    rmSync(file)
  }
}

/** Runs something and returns the lines that it logs. */
async function logged(what) {
  const { log } = console
  const lines = []
  console.log = (...args) => lines.push(args.join(' '))
  try {
    await what()
  } finally {
    console.log = log
  }
  return lines
}

/** A node that grants everything. */
function granting(world) {
  const { WebSocket } = world
  return class extends WebSocket {
    send(frame) {
      super.send(frame)
      const { type, id, channel, users } = JSON.parse(frame)
      const answers = {
        join: { type: 'roster', channel, version: 1, count: 1, members: [{ user: 'alice', since: 1 }], more: false },
        follow: { type: 'users', users: (users ?? []).map((user) => ({ user, status: 'online' })) },
        token: { type: 'ok', user: 'bob', expires: 1 },
        logout: { type: 'ok', user: null, expires: null },
      }
      if (type !== 'hello' && type !== 'time') queueMicrotask(() => this.say({ id, ...(answers[type] ?? { type: 'ok' }) }))
    }
  }
}

test('every sample of JavaScript in the README is run', () => {
  assert.equal(samples('js run').length + samples('js loop').length + samples('jsx react').length, readme.match(/```jsx?\b/g).length)
})

for (const [i, sample] of samples('js run').entries()) {
  test(`sample ${i + 1} of the README runs to its end`, async () => {
    const world = new World()
    globalThis.WebSocket = granting(world)
    globalThis.fetch = async () => ({ text: async () => 'token' })
    const lines = await logged(() => run(sample + '\nrollcall.close()\n', i))
    assert.ok(lines.some((line) => ['here: alice', 'bob is online'].includes(line)), lines.join('\n'))
  })
}

test('the loop of the README tells of changes, and ends', async () => {
  const world = new World()
  const room = world.client().join('room')
  await settle()
  world.socket.roster('room', 1, ['alice'])
  const { read } = await run(`export async function read(room) {\n${samples('js loop')[0]}\n}`, 'loop')
  const lines = await logged(async () => {
    const done = read(room)
    world.socket.say({ type: 'diff', channel: 'room', version: 2, count: 2, join: [{ user: 'bob', since: 1 }] })
    room.leave()
    await done
  })
  assert.equal(lines.length, 1)
  assert.match(lines[0], /^join bob/)
})

test('the component of the README renders', async () => {
  const { code } = await transform(samples('jsx react')[0], { loader: 'jsx', jsx: 'automatic' })
  const { Members } = await run(`${code}\nexport { Members }`, 'react')
  const client = new World().client()
  const page = createElement(RollcallProvider, { client }, createElement(Members, { channel: 'room.1' }))
  assert.equal(renderToString(page), '<ul aria-busy="true"></ul>')
  client.close()
})
