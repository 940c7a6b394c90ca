/** What is done to the demo from outside: Docker, its compose, and the script that rolls. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const demo = fileURLToPath(new URL('..', import.meta.url))
const [program, ...words] = (process.env.COMPOSE ?? 'docker compose').split(' ')

export const docker = async (...args) => (await run('docker', args)).stdout.trim()
export const compose = async (...args) => (await run(program, [...words, ...args], { cwd: demo })).stdout.trim()
export const roll = async () => (await run(`${demo}/roll`)).stdout.trim()

/** Has so many nodes run, and returns when all of them let clients in: their ids, as they call themselves. */
export async function scale(count) {
  await compose('up', '--detach', '--no-deps', '--no-recreate', '--scale', `node=${count}`, 'node')
  const nodes = await running()
  await until(`${count} healthy nodes`, async () => {
    const states = await Promise.all(nodes.map((id) => docker('inspect', '--format', '{{.State.Health.Status}}', id)))
    return states.length === count && states.every((state) => state === 'healthy')
  })
  return nodes
}

/** The ids of the nodes that run. */
export async function running() {
  const ids = (await compose('ps', '-q', 'node')).split('\n')
  const states = await Promise.all(ids.map((id) => docker('inspect', '--format', '{{.State.Running}}', id)))
  return ids.filter((_, i) => states[i] === 'true').map((id) => id.slice(0, 12))
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits until something holds. Only what hangs takes as long as the deadline. */
export async function until(what, holds, deadline = 120_000) {
  for (const end = Date.now() + deadline; !(await holds()); await pause(200)) {
    if (Date.now() > end) throw new Error(`not within ${deadline / 1000} s: ${what}`)
  }
}
