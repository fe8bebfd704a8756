/** The tests of a file that carry numbers of docs/behaviour.md, and what each of them says. */
import { parseAst } from 'vitest/node';

export interface NumberedTest {
  readonly title: string;
  readonly numbers: readonly string[];
  /** The test but for its title, and what of its file it names, directly or not. */
  readonly source: string;
}

/** A node of the syntax tree, as ESTree has it. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

const CALLS = ['it', 'test', 'describe'];

export function readNumberedTests(source: string): readonly NumberedTest[] {
  const tree = parseAst(source, { lang: 'ts' }) as unknown as Node;
  const declared = declarations(tree);
  const textOf = ({ start, end }: Node) => source.slice(start, end);
  return nodesIn(tree).flatMap((node) => {
    if (node.type !== 'CallExpression' || !CALLS.includes(calledName(node.callee as Node))) return [];
    const [title, ...body] = node.arguments as readonly Node[];
    if (title === undefined || !isText(title)) return [];
    // Of it.each([…])('%s', …) the title may be in the table.
    const table = nodesIn(node.callee as Node)
      .filter(isText)
      .map(textOf)
      .filter((text) => /^.B\d/.test(text));
    const numbers = [textOf(title), ...table].flatMap((text) => text.match(/\bB\d+\b/g) ?? []);
    if (numbers.length === 0) return [];
    const said = withNamed([node.callee as Node, ...body], declared);
    return [{ title: textOf(title), numbers, source: said.map(textOf).join('\n') }];
  });
}

function isText({ type, value }: Node): boolean {
  return type === 'TemplateLiteral' || typeof value === 'string';
}

function nodesIn(tree: Node): Node[] {
  const inner = Object.values(tree).flat().filter(isNode);
  return [tree, ...inner.flatMap(nodesIn)];
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

/** `it` of it(…), it.only(…) and it.each(…)(…). */
function calledName(callee: Node): string {
  if (typeof callee.name === 'string') return callee.name;
  const inner = callee.object ?? callee.callee ?? callee.tag;
  return isNode(inner) ? calledName(inner) : '';
}

/** What stands at the top of the file, by its name. */
function declarations(tree: Node): ReadonlyMap<string, Node> {
  const statements = (tree.body as readonly Node[]).flatMap((statement) =>
    isNode(statement.declaration) ? [statement.declaration] : [statement],
  );
  const named = statements.flatMap((statement) =>
    [statement, ...((statement.declarations ?? []) as readonly Node[])].map(
      ({ id }) => [nameOf(id), statement] as const,
    ),
  );
  return new Map(named.flatMap(([name, statement]) => (name === null ? [] : [[name, statement] as const])));
}

function nameOf(id: unknown): string | null {
  return isNode(id) && typeof id.name === 'string' ? id.name : null;
}

/** With the declarations that they name, and those that these name. */
function withNamed(nodes: readonly Node[], declared: ReadonlyMap<string, Node>): readonly Node[] {
  const said = new Set(nodes);
  for (const node of said) {
    for (const { type, name } of nodesIn(node)) {
      const found = type === 'Identifier' ? declared.get(name as string) : undefined;
      if (found !== undefined) said.add(found);
    }
  }
  return [...said];
}
