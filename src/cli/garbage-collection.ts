/**
 * How the processes of the data plane collect garbage. Every message's buffers count as external memory, so a busy stream
 * makes V8 begin an incremental marking of the whole heap every few megabytes, in steps and on threads of its own, although
 * the heap is small and the buffers die young. Without incremental marking the cheap collections of young objects take the
 * buffers, and a whole one, of some milliseconds, comes only when the heap has really grown. docs/performance.md has the
 * measured difference.
 */
import { setFlagsFromString } from 'node:v8';

/** Before much is allocated: a marking that is under way is finished as it began. */
export function collectWithoutMarking(): void {
  setFlagsFromString('--no-incremental-marking');
}
