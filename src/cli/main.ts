/** The command line: one file for each command, found in commands/. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { errorMessage } from '../errors.ts';
import { benchCommand, benchLoadCommands } from './commands/bench.ts';
import { doctorCommand, doctorLoadCommand } from './commands/doctor.ts';
import { coordinatorCommand, evaluatorCommand, parameterServerCommand, workerCommand } from './commands/roles.ts';
import { trainCommand } from './commands/train.ts';

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
program.addCommand(trainCommand());
program.addCommand(benchCommand());
program.addCommand(doctorCommand());
for (const load of [...benchLoadCommands(), doctorLoadCommand()]) program.addCommand(load, { hidden: true });
for (const role of [coordinatorCommand(), parameterServerCommand(), workerCommand(), evaluatorCommand()])
  program.addCommand(role.helpGroup('Roles, one process each; train starts them, and so may you:'));

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${errorMessage(error)}\n`);
  process.exitCode = 1;
}
