/** What the operator set, apart from health: a setting with an end becomes ready at that time. Pure. */

import { type AdminSetting, READY } from './state.ts';

/** The setting as it is at a time. */
export function reduceSetting(setting: AdminSetting, at: number): AdminSetting {
  return setting.until !== null && at >= setting.until ? READY : setting;
}
