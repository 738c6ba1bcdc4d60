/** Texts of what happened to items; read on the outbox screen alone, so they stay out of the shell. */
import { words } from '@/domain/msg';

export const tLog = words({
  log_stored: ['存入第 {number} 号：{title}', 'Kept number {number}: {title}'],
  log_server_said: ['登记簿答复：{text}', 'The register said: {text}'],
  log_unknown_receipt: ['登记簿缺少已回执的记录，重新上传', 'The register does not know a receipt: sent again'],
  log_forgotten: ['登记簿中已无此项，重新上传', 'The register has forgotten this item: sent again'],
  log_other_territory: ['责任区已变，原离线包已删除', 'Another territory: the old pack was deleted'],
  log_not_taken: ['第 {number} 号暂未接收：{text}', 'Number {number} not taken yet: {text}'],
  log_receipt_wrong: ['第 {number} 号的回执与内容不符，重新上传', 'The receipt of number {number} is for other bytes: sent again'],
  log_received: ['第 {number} 号已收未登', 'Number {number} received, not yet recorded'],
  log_held: ['第 {number} 号挂起：{text}', 'Number {number} held: {text}'],
  log_recorded: ['第 {number} 号已登记', 'Number {number} recorded'],
  log_refused: ['第 {number} 号退回：{text}', 'Number {number} refused: {text}'],
  log_refused_elsewhere: ['另一部手机的第 {number} 号退回：{text}', 'Number {number} of another phone refused: {text}'],
  log_file_arrived: ['文件 {name} 已到', 'File {name} arrived'],
  log_file_again: ['文件 {name} 传输损坏，重新上传', 'File {name} was damaged on the way: sent again'],
  log_file_later: ['文件 {name} 传输损坏，稍后重传', 'File {name} damaged on the way: later'],
  log_file_unreadable: ['文件 {name} 暂时无法读取，稍后重传', 'File {name} cannot be read just now: later'],
  log_file_damaged: ['文件 {name} 不能上传：{text}', 'File {name} cannot be sent: {text}'],
  log_pack_taken: ['离线包已更新（{version}）', 'Pack updated ({version})'],
});
export type LogKey = Parameters<typeof tLog>[0];
