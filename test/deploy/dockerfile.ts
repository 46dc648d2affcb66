import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Copy,
  DockerfileParser,
  Env,
  From,
  type Instruction,
  JSONInstruction,
} from 'dockerfile-ast';

const root = join(import.meta.dirname, '../..');

export const dockerfileText = readFileSync(join(root, 'deploy/Dockerfile'), 'utf8');

/** What a COPY brings: from the checkout, or from an earlier stage. */
export interface DockerCopy {
  readonly from: string | null;
  readonly sources: readonly string[];
  readonly target: string;
}

/** A stage with what it has from the stages below it. */
export interface DockerStage {
  readonly image: string;
  readonly copies: readonly DockerCopy[];
  readonly env: Readonly<Record<string, string>>;
  readonly user: string | null;
  /** Empty when it is not given as a list: a shell would then get the signals. */
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
}

const NOTHING: DockerStage = {
  image: '',
  copies: [],
  env: {},
  user: null,
  entrypoint: [],
  command: [],
};

/** Stages by name, in the order of the file. */
export function dockerStages(text = dockerfileText): ReadonlyMap<string, DockerStage> {
  const stages = new Map<string, DockerStage>();
  let name = '';
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    if (instruction instanceof From) {
      const image = instruction.getImage() ?? '';
      name = instruction.getBuildStage() ?? image;
      stages.set(name, stages.get(image) ?? { ...NOTHING, image });
    } else {
      const stage = stages.get(name);
      if (stage !== undefined) stages.set(name, { ...stage, ...changeOf(stage, instruction) });
    }
  }
  return stages;
}

function changeOf(stage: DockerStage, instruction: Instruction): Partial<DockerStage> {
  const args = instruction.getArguments().map((argument) => argument.getValue());
  switch (instruction.getKeyword()) {
    case 'COPY':
      return { copies: [...stage.copies, copyOf(instruction, args)] };
    case 'ENV':
      return { env: { ...stage.env, ...variablesOf(instruction) } };
    case 'USER':
      return { user: args[0] ?? null };
    case 'ENTRYPOINT':
      return { entrypoint: listOf(instruction), command: [] };
    case 'CMD':
      return { command: listOf(instruction) };
    default:
      return {};
  }
}

function copyOf(instruction: Instruction, args: readonly string[]): DockerCopy {
  const flags = instruction instanceof Copy ? instruction.getFlags() : [];
  const from = flags.find((flag) => flag.getName() === 'from')?.getValue() ?? null;
  return { from, sources: args.slice(0, -1), target: args.at(-1) ?? '' };
}

const variablesOf = (instruction: Instruction): Record<string, string> =>
  Object.fromEntries(
    (instruction instanceof Env ? instruction.getProperties() : []).map((property) => [
      property.getName(),
      property.getValue() ?? '',
    ]),
  );

const listOf = (instruction: Instruction): readonly string[] =>
  instruction instanceof JSONInstruction
    ? instruction.getJSONStrings().map((part) => part.getJSONValue())
    : [];
