/** The command line: one file for each command, found in commands/. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { errorMessage } from '../errors.ts';
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

const program = new Command('tardigrad')
  .description(
    'A parameter-server cluster for asynchronous SGD: servers hold the weights, workers push gradients, and a bound says how stale a gradient may be.',
  )
  .version(version)
  .showSuggestionAfterError()
  .addHelpText(
    'after',
    `
Examples:
  tardigrad train                              a CNN on MNIST: 2 shards, 2 workers, bound 3
  tardigrad train job.yaml --workers 4         any job, with four workers
  tardigrad train --policy bsp --epochs 1      the default job, in rounds
  tardigrad train --dataset digits             a generated data set: no files, no download
  tardigrad train --resume                     go on from the newest run's last checkpoint
  tardigrad train --json | jq .type            one JSON object a line

A run leaves a folder in runs/: the job, metrics, staleness records, logs, checkpoints, model.safetensors, summary.json.`,
  );
type Commands = () => Promise<{ shown: Command[]; hidden?: Command[] }>;

const ROLES = 'Roles, one process each; train starts them, and so may you:';
const groups: readonly { readonly names: readonly string[]; readonly load: Commands }[] = [
  { names: ['train'], load: async () => ({ shown: [(await import('./commands/train.ts')).trainCommand()] }) },
  {
    names: ['bench', 'exchange-load', 'step-load'],
    load: async () => {
      const { benchCommand, benchLoadCommands } = await import('./commands/bench.ts');
      return { shown: [benchCommand()], hidden: benchLoadCommands() };
    },
  },
  {
    names: ['doctor', 'backend-probe'],
    load: async () => {
      const { doctorCommand, doctorLoadCommand } = await import('./commands/doctor.ts');
      return { shown: [doctorCommand()], hidden: [doctorLoadCommand()] };
    },
  },
  {
    names: ['coordinator', 'ps', 'worker', 'evaluator'],
    load: async () => {
      const { coordinatorCommand, evaluatorCommand, parameterServerCommand, workerCommand } = await import('./commands/roles.ts');
      const roles = [coordinatorCommand(), parameterServerCommand(), workerCommand(), evaluatorCommand()];
      return { shown: roles.map((role) => role.helpGroup(ROLES)) };
    },
  },
];

// Only what is asked for is loaded; for help, or a name that nobody knows, all of it.
const asked = groups.filter(({ names }) => names.includes(process.argv[2] ?? ''));
for (const { load } of asked.length > 0 ? asked : groups) {
  const { shown, hidden = [] } = await load();
  for (const command of shown) program.addCommand(command);
  for (const command of hidden) program.addCommand(command, { hidden: true });
}

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${errorMessage(error)}\n`);
  process.exitCode = 1;
}
