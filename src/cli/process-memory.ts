/**
 * How the processes of the data plane keep memory, with both measured in docs/performance.md.
 *
 * Every message's buffers count as external memory, so a busy stream makes V8 begin an incremental marking of the whole heap
 * every few megabytes, in steps and on threads of its own, although the heap is small and the buffers die young. Without
 * incremental marking the cheap collections of young objects take the buffers, and a whole one, of some milliseconds, comes
 * only when the heap has really grown.
 *
 * The C library gives freed buffers of this size back to the system at once, and each new one then costs a page fault every
 * 4 KiB. Told to keep some, it hands the same pages out again.
 */
import { setFlagsFromString } from 'node:v8';

/**
 * Variables for the environment of a role's process; glibc reads them when it starts, other C libraries never. Buffers up to
 * 32 MiB come from the heap, of which 128 MiB may lie idle.
 */
export const ALLOCATOR_ENVIRONMENT: Readonly<Record<string, string>> = {
  MALLOC_MMAP_THRESHOLD_: String(32 * 2 ** 20),
  MALLOC_TRIM_THRESHOLD_: String(128 * 2 ** 20),
  MALLOC_TOP_PAD_: String(4 * 2 ** 20),
};

/** Before much is allocated: a marking that is under way is finished as it began. */
export function collectWithoutMarking(): void {
  setFlagsFromString('--no-incremental-marking');
}
