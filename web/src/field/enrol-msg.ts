/** Texts of the enrolment; read with its screen, so they stay out of the shell. */
import { words } from '@/domain/msg';

export const tEnrol = words({
  enrol_title: ['登记手机', 'Enrol this phone'],
  enrol_intro: ['登记后，无信号时也可核查、取证和巡护。', 'Enrol once; afterwards verify and patrol without a signal.'],
  password: ['密码', 'Password'],
  totp: ['动态验证码（如已启用）', 'One-time code (if used)'],
  sign_in: ['登录', 'Sign in'],
  step_login: ['登录', 'Sign in'],
  step_install: ['安装到主屏幕', 'Add to home screen'],
  step_enrol: ['登记', 'Enrol'],
  step_pack: ['下载离线包', 'Download pack'],
  install_now: ['安装', 'Install'],
  install_later: ['暂不安装', 'Later'],
  install_why: ['安装到主屏幕后，数据不会因 7 天未使用被浏览器清除。', 'Installed, the browser will not clear the data after 7 days.'],
  enrol_now: ['登记本机', 'Enrol this phone'],
  enrolled: ['已登记', 'Enrolled'],
  pack_now: ['下载离线包', 'Download the pack'],
  other_person: ['本机现由 {name} 使用。其未上传的记录、未完成的核查表和未结束的巡护将一并封存，由登记簿拆封，他人不可查看。', '{name} works on this phone. What is unsent or unfinished is sealed; only the register can open it.'],
});
