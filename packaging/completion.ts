/** Completion for bash, made of the commands. */

import type { CommandInfo } from './commands.ts';

/** Values and arguments with these names are files or folders. */
const FILES = /file|folder|dir|path/i;

export function renderCompletion(commands: readonly CommandInfo[]): string {
  const [program] = commands;
  const fileOptions = commands.flatMap(({ options }) =>
    options.filter(({ value }) => value !== null && FILES.test(value)),
  );
  const valueOptions = commands.flatMap(({ options }) => options.filter(({ value }) => value !== null));
  const names = (options: typeof fileOptions) =>
    [...new Set(options.flatMap((option) => option.names))].sort().join('|');
  const cases = commands.map(({ path, options, commands: below, arguments: args }) => {
    const words = [...below, ...options.flatMap((option) => option.names)].join(' ');
    const files = args.some(({ name }) => FILES.test(name)) ? ' files=yes' : '';
    return `    '${path}') words='${words}'${files} ;;`;
  });
  return `# Completion of ippa-proxy for bash; made of its commands.
_ippa_proxy() {
  local word path='' words='' files='' current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
      ${commands
        .filter((each) => each !== program)
        .map(({ path }) => `'${path.includes(' ') ? path : ` ${path}`}'`)
        .join(' | ')})
        path=\${path:+$path }$word ;;
    esac
  done
  case $previous in
    ${names(fileOptions)})
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return ;;
    ${names(valueOptions)}) return ;;
  esac
  case $path in
${cases.join('\n')}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  if [ -n "$files" ] && [ "\${current:0:1}" != - ]; then
    compopt -o filenames
    mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")
  fi
}
complete -F _ippa_proxy ippa-proxy
`;
}
