import { errorMessage, TardigradError } from '../../errors.ts';
import { span, type Line } from './styled.ts';

/** An error for people: what happened and what to do next. Only our own bugs show where in the code. */
export function errorLines(error: unknown): Line[] {
  const [first = '', ...rest] = errorMessage(error).split('\n');
  const where = error instanceof Error && !(error instanceof TardigradError) ? stackFrames(error) : [];
  return [
    [span('error: ', ['bold', 'red']), span(first)],
    ...rest.map((line) => [span(line)]),
    ...where.map((line) => [span(line, 'dim')]),
  ];
}

function stackFrames({ stack = '' }: Error): string[] {
  return stack.split('\n').filter((line) => /^\s+at /.test(line));
}
