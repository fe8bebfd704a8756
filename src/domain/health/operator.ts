/** What the operator set, apart from health: a setting with an end becomes ready at that time. Pure. */

import { type AdminSetting, READY } from './state.ts';

/** The setting as it is at a time. */
export function reduceSetting(setting: AdminSetting, at: number): AdminSetting {
  if (setting.until !== null && at >= setting.until) return READY;
  if (setting.maintAt === undefined || at < setting.maintAt) return setting;
  const { maintAt: _, ...rest } = setting;
  return { ...rest, admin: 'maint' };
}
