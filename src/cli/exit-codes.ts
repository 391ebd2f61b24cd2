/**
 * How the process of a role tells whoever started it what its end means. Under Kubernetes all but 0 start it again, after
 * a while that grows; the supervisor of a local cluster knows better. Numbers as in sysexits.h.
 */
export const EXIT = {
  /** Its work is done: the job is over, or it was told to leave. */
  done: 0,
  failed: 1,
  /** It has reached its memory limit and left in good order: start it again at once, it was no failure. */
  memoryLimit: 75,
  /** It can never work here, and says why on stderr: starting it again changes nothing. */
  unfit: 78,
} as const;
