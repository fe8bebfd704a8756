/** A Finesse server for tests, the demonstration and administrators. It shares nothing with the code it tests. */

export type { Action, Agent } from './finesse/agents.ts';
export { selfSigned } from './finesse/certificate.ts';
export { finesseCommand } from './finesse/command.ts';
export { Control } from './finesse/control-port.ts';
export { type Fault, type FaultName, faultKinds, faultNames, OrderError } from './finesse/faults.ts';
export {
  type AgentOption,
  type FinesseOptions,
  numberedAgents,
  OptionError,
  type PushOption,
} from './finesse/options.ts';
export { PortError } from './finesse/port-error.ts';
export type { Push } from './finesse/push.ts';
export { type RunIo, type RunOptions, runFinesse } from './finesse/run.ts';
export type { SeenRequest } from './finesse/seen-request.ts';
export { createFinesse, type Finesse } from './finesse/server.ts';
