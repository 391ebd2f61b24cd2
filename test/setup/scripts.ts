// The set-up scripts are plain JavaScript, since they run before the compiler is there; the tests give them types.

const folder = new URL('../../scripts/', import.meta.url);

/** The URL of a set-up script, also for a child process that imports it. */
export function scriptUrl(name: string): string {
  return new URL(name, folder).href;
}

/** Imports a set-up script under the types that a test states for it. */
export async function importScript<T>(name: string): Promise<T> {
  return (await import(scriptUrl(name))) as T;
}
