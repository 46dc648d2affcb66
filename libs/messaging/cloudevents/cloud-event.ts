/** A CloudEvent 1.0. Attributes are in their string form; `data` are the bytes as they travel. */
export interface CloudEvent {
  readonly id: string;
  /** URI reference of who says it; unique together with `id`. */
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  /** RFC 3339. */
  readonly time?: string;
  readonly datacontenttype?: string;
  readonly dataschema?: string;
  /** Further attributes by name: lower-case letters and digits. */
  readonly extensions?: Readonly<Record<string, string>>;
  readonly data: Uint8Array;
}

export const SPEC_VERSION = '1.0';

export const OPTIONAL_ATTRIBUTES = ['subject', 'time', 'datacontenttype', 'dataschema'] as const;

export const JSON_CONTENT_TYPE = 'application/json';

/** Whether data of this media type are JSON, as data of no declared type are. */
export const isJsonContent = (contentType: string = JSON_CONTENT_TYPE): boolean =>
  /^[^;]*[/+]json\s*(;|$)/i.test(contentType);

/** What was received is no CloudEvent 1.0. */
export class MalformedCloudEvent extends Error {
  override readonly name = 'MalformedCloudEvent';
}

/**
 * Makes an event of attributes that were received.
 *
 * @throws MalformedCloudEvent naming the attribute that is missing or wrong
 */
export function cloudEventOf(
  attributes: ReadonlyMap<string, string>,
  data: Uint8Array,
): CloudEvent {
  const version = required(attributes, 'specversion');
  if (!/^1\.\d+$/.test(version)) {
    throw new MalformedCloudEvent(`specversion is ${version}, known is ${SPEC_VERSION}`);
  }
  const core = ['id', 'source', 'type'] as const;
  const [id, source, type] = [
    required(attributes, 'id'),
    required(attributes, 'source'),
    required(attributes, 'type'),
  ];
  const known = new Set<string>(['specversion', ...core, ...OPTIONAL_ATTRIBUTES]);
  const optional = OPTIONAL_ATTRIBUTES.flatMap((name) => {
    const value = attributes.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const extensions = [...attributes].filter(([name]) => !known.has(name));
  return {
    id,
    source,
    type,
    ...Object.fromEntries(optional),
    ...(extensions.length > 0 && { extensions: Object.fromEntries(extensions) }),
    data,
  };
}

function required(attributes: ReadonlyMap<string, string>, name: string): string {
  const value = attributes.get(name);
  if (value === undefined || value === '') {
    throw new MalformedCloudEvent(`attribute ${name} is missing`);
  }
  return value;
}
