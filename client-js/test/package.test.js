import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { bundle, committed, internal } from '../scripts/build.js'

const root = fileURLToPath(new URL('..', import.meta.url))

test('dist is what the sources make, and names no path of the machine that made it', async () => {
  for (const [file, text] of await bundle()) {
    assert.equal(await committed(file), text, `${file} is out of date: run npm run build`)
    assert.ok(!text.includes(root), file)
  }
})

test('no property that gets a short name is one of the language or of the platform', () => {
  const known = [Array, Date, Error, Event, EventTarget, Map, Promise, Set, String, TextEncoder, URL, BroadcastChannel]
  for (const one of [globalThis, Math, JSON, Object, Reflect, performance, ...known, ...known.map((kind) => kind.prototype)]) {
    for (const name of internal) assert.ok(!(name in one), name)
  }
})

test('the module and the script are under 8 KiB each, gzipped', async () => {
  for (const file of ['dist/rollcall.js', 'dist/rollcall.min.js']) {
    const size = gzipSync(await committed(file), { level: 9 }).length
    assert.ok(size < 8 * 1024 - 12, `${file}: ${size} bytes`) // a file's name adds to it
  }
})

test('packed and installed, it is imported, required, and checked by TypeScript', () => {
  const project = mkdtempSync(path.join(tmpdir(), 'rollcall-client-'))
  const run = (command, ...args) => execFileSync(command, args, { cwd: project, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  const quiet = ['--silent', '--no-audit', '--no-fund']
  try {
    const packed = JSON.parse(execFileSync('npm', ['pack', '--json', '--silent', '--pack-destination', project], { cwd: root, encoding: 'utf8' }).replace(/^[^[{]*/, ''))
    const [{ filename }] = Object.values(packed)
    writeFileSync(path.join(project, 'package.json'), '{ "private": true }')
    run('npm', 'install', ...quiet, '--offline', `./${filename}`)
    writeFileSync(path.join(project, 'a.mjs'), "import { Rollcall, RollcallError } from 'rollcall-client'\nconsole.log(typeof Rollcall, typeof RollcallError)")
    writeFileSync(path.join(project, 'b.cjs'), "const { Rollcall, RollcallError } = require('rollcall-client')\nconsole.log(typeof Rollcall, typeof RollcallError)")
    for (const file of ['a.mjs', 'b.cjs']) assert.equal(run(process.execPath, file), 'function function\n')
    const code = `
      const rollcall = new Rollcall(['wss://a/', 'wss://b/'], { token: async () => 'x' })
      const room = rollcall.join('room.1', { data: { name: 'Alice' } })
      room.on('leave', (member, reason) => { const text: string = member.user + reason; void text })
      room.on('update', (member, old) => { const same: boolean = member.status === old.status; void same })
      // @ts-expect-error: there is no such event
      room.on('nonsense', () => {})
      // @ts-expect-error: not a status
      rollcall.setStatus('sleepy')
      async function read(): Promise<string> {
        for await (const change of room.changes()) if (change.action === 'leave') return change.reason
        return room.members.get('bob')?.user ?? String(room.count)
      }
      void read`
    writeFileSync(path.join(project, 'c.mts'), `import { Rollcall } from 'rollcall-client'\n${code}`)
    writeFileSync(path.join(project, 'd.cts'), `import { Rollcall } from 'rollcall-client'\n${code}`)
    const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
    run(process.execPath, tsc, '--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2023,dom', 'c.mts', 'd.cts')
    assert.ok(readFileSync(path.join(project, 'node_modules/rollcall-client/README.md'), 'utf8').length > 0)
  } finally {
    rmSync(project, { recursive: true, force: true })
  }
})
