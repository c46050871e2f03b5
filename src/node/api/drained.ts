// Waits until who reads has caught up, or has gone. Leaves no listener behind: a stream may fill up thousands of times.
import type { Writable } from 'node:stream';

export async function drained(stream: Writable): Promise<void> {
  if (stream.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.on('drain', resolve).on('close', resolve);
  await promise;
  stream.off('drain', resolve).off('close', resolve);
}
