/** One route, as it is described. `{endpoint}` stands for the endpoint of any deployed API. */
export interface Operation {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  /** Names and meanings of query parameters. */
  readonly query?: readonly (readonly [string, string])[];
  readonly body?: object;
  readonly isBodyOptional?: boolean;
  readonly answer: object;
  /** Statuses besides 500, each answered with a `Problem`. */
  readonly errors?: readonly number[];
}

export const json = (...names: readonly [string, ...string[]]): object => {
  const [schema, ...more] = names.map((name) => ({ $ref: `#/components/schemas/${name}` }));
  return {
    'application/json': { schema: more.length === 0 ? schema : { anyOf: [schema, ...more] } },
  };
};
