import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { World } from './fake.js'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const samples = [...readme.matchAll(/```js run\n(.*?)```/gs)].map(([, code]) => code)

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

test('the README has samples that run', () => assert.equal(samples.length, 2))

for (const [i, sample] of samples.entries()) {
  test(`sample ${i + 1} of the README runs to its end`, async () => {
    const world = new World()
    globalThis.WebSocket = granting(world)
    globalThis.fetch = async () => ({ text: async () => 'token' })
    const file = new URL(`./readme-sample-${i}.mjs`, import.meta.url)
    const { log } = console
    const lines = []
    console.log = (...args) => lines.push(args.join(' '))
    try {
      writeFileSync(file, sample.replaceAll("'rollcall-client'", "'../src/index.js'") + '\nrollcall.close()\n')
      await import(file)
    } finally {
      console.log = log
      rmSync(file)
    }
    assert.ok(lines.some((line) => ['here: alice', 'bob is online'].includes(line)), lines.join('\n'))
  })
}
