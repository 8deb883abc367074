// The words of the page, in English and Chinese.

const ENGLISH = {
  skip_to_content: "Skip to content",
  tagline: "Ask your documents. Every answer quotes its source.",
  ask: "Ask", search: "Search", collections: "Collections", sign_out: "Sign out",
  sign_in: "Sign in", key: "API key", key_hint: "For programs, and the first time: the server printed one when it first started. It stays in this tab.",
  wrong_key: "The server does not know this key.",
  ask_title: "What would you like to know?",
  ask_hint: "Answers come only from the collections that you may read, with exact quotes.",
  ask_placeholder: "Ask a question…", search_placeholder: "Words to look for…",
  everywhere: "All my collections", stop: "Stop", sources: "Sources", passages: "Passages that were read",
  searching: "Looking for passages…", reading: "Reading {n} passages…", reading_one: "Reading 1 passage…",
  grounded: "Every sentence is supported by a source", not_grounded: "Not fully supported by sources",
  quotes_only: "Exact quotes from the sources",
  not_found: "Your collections do not answer this.", nearest: "Nearest passages",
  stopped: "Stopped.", took: "{n} s", tokens: "{n} tokens", receipt: "Receipt {id}",
  page_n: "Page {n}", chunk_in: "In this document", open_original: "Download the original", close: "Close", before: "Before", after: "After",
  results: "{n} passages in {ms} ms", results_one: "1 passage in {ms} ms", no_results: "Nothing found", no_results_hint: "Try other words, or fewer.",
  keyword_only: "Keyword search only: there is no embedding model.",
  new_collection: "New collection", name: "Name", kind: "Kind", personal: "Personal", organization: "Organization",
  personal_hint: "Only you, and those you share it with.", organization_hint: "Rules of the organization apply.",
  create: "Create", cancel: "Cancel", no_collections: "No collections yet", no_collections_hint: "Make one, then put documents in.",
  documents: "Documents", drop_here: "Drop files here, or choose them", drop_hint: "PDF, Word, HTML, Markdown, text — up to 256 MB each",
  no_documents: "No documents yet", no_documents_hint: "What you put in becomes searchable in a moment.",
  uploading: "Uploading", queued: "Waiting", processing: "Processing", ready: "Ready", failed: "Failed",
  extract: "Reading", chunk: "Cutting", embed: "Embedding", index: "Indexing", duplicate: "Already there",
  delete: "Delete", delete_title: "Delete “{name}”?", delete_hint: "Text, vectors and the original are erased. This cannot be undone.",
  delete_collection_hint: "All its documents are erased. This cannot be undone.",
  deleted: "Deleted: {n} passages erased", deleted_one: "Deleted: 1 passage erased", collection_deleted: "Collection deleted",
  more: "Show more", chunks_n: "{n} passages", chunks_n_one: "1 passage", pages_n: "{n} pages", pages_n_one: "1 page", back: "All collections",
  gone: "This is not there, or not for you to see.", signed_out: "You have been signed out. Sign in again.",
  read_only: "You can read this collection.", contract: "API",
  username: "User name", password: "Password", or: "or", sign_in_with: "Sign in with {name}",
  use_key: "Use an API key", use_password: "Use a password", back_to_sign_in: "Back", continue: "Continue", confirm: "Confirm",
  code: "Code", code_hint: "Six digits from your authenticator app, or one of your recovery codes.",
  wrong_password: "User name or password are wrong.", wrong_code: "This code is wrong, or was used before.",
  provider_refused: "The sign-in was not completed. Begin again.", provider_unavailable: "The sign-in service cannot be reached right now.",
  account: "Account", current_password: "Current password", new_password: "New password", new_password_again: "New password, again",
  change_password: "Change password", password_changed: "Password changed. All other sessions have ended.",
  password_hint: "At least 8 characters. Changing it ends all other sessions.", passwords_differ: "The two do not match.",
  second_factor: "Second factor", second_factor_hint: "A code from an app on your phone, besides the password.",
  factor_on: "On", factor_off: "Off", codes_left: "{n} recovery codes left", codes_left_one: "1 recovery code left",
  factor_needed: "Your role needs a second factor before you can administer.", factor_for_duty: "Show your code to administer in this session.",
  set_up_factor: "Set up", set_up_hint: "First, so that nobody else does it in your name:", show_factor: "Enter a code",
  scan_this: "Scan this with your app", scan_hint: "Any authenticator app will do. Then type the code that it shows.",
  qr_code: "QR code for the authenticator app", cannot_scan: "Cannot scan it?",
  recovery_codes: "Your recovery codes", recovery_codes_hint: "Each opens your account once, should you lose the phone. Keep them somewhere safe: they are not shown again.",
  new_codes: "New recovery codes", new_codes_hint: "The old ones end.",
  remove_factor: "Turn off", remove_factor_hint: "Signing in then needs the password alone.", factor_removed: "The second factor is off.",
  sessions: "Sessions", sessions_hint: "Where you are signed in.", this_one: "This one", end: "Sign out", end_others: "Sign out everywhere else",
  others_ended: "All other sessions have ended.", by_password: "password", since: "since {time}",
  links: "Sign-in accounts", links_hint: "Accounts elsewhere that lead to this one.", link_to: "Link {name}", linked: "The accounts are linked.",
  link_hint: "You will sign in there once more.", unlink: "End the link", unlink_title: "End the link to {name}?", unlink_hint: "Signing in there then no longer leads here.",
  keys: "API keys", keys_hint: "For programs that act in your name.", no_keys: "No keys yet", new_key: "New key", key_made: "Your new key",
  shown_once: "Copy it now: it is not shown again.", copy: "Copy", copied: "Copied", done: "Done",
  scopes: "May", scope_read: "Read, search and ask", scope_write: "Read, search, ask and add documents", good_for: "Good for",
  days_n: "{n} days", until: "until {time}", never_ends: "does not end", used: "last used {time}", never_used: "never used",
  remove_key: "Delete the key “{name}”?", remove_key_hint: "Programs that use it stop working at once.",
};

const CHINESE = {
  skip_to_content: "跳到内容",
  tagline: "向你的文档提问，每个回答都引用原文。",
  ask: "提问", search: "搜索", collections: "知识库", sign_out: "退出",
  sign_in: "登录", key: "API 密钥", key_hint: "供程序和首次登录使用：服务器首次启动时会打印密钥。密钥只保存在此标签页中。",
  wrong_key: "服务器不认识这个密钥。",
  ask_title: "想了解什么？",
  ask_hint: "回答只来自你有权阅读的知识库，并附上准确引文。",
  ask_placeholder: "输入问题……", search_placeholder: "输入要查找的词……",
  everywhere: "我的全部知识库", stop: "停止", sources: "引文来源", passages: "参考的段落",
  searching: "正在查找相关段落……", reading: "正在阅读 {n} 个段落……",
  grounded: "每句话都有来源支持", not_grounded: "并非所有内容都有来源支持",
  quotes_only: "来源原文摘录",
  not_found: "你的知识库中没有答案。", nearest: "最接近的段落",
  stopped: "已停止。", took: "{n} 秒", tokens: "{n} 个词元", receipt: "凭证 {id}",
  page_n: "第 {n} 页", chunk_in: "所在文档", open_original: "下载原文件", close: "关闭", before: "上文", after: "下文",
  results: "{n} 个段落，用时 {ms} 毫秒", no_results: "没有找到", no_results_hint: "换一些词，或减少词数再试。",
  keyword_only: "仅关键词搜索：没有向量模型。",
  new_collection: "新建知识库", name: "名称", kind: "类型", personal: "个人", organization: "组织",
  personal_hint: "只有你和你分享的人可见。", organization_hint: "按组织的规则开放。",
  create: "新建", cancel: "取消", no_collections: "还没有知识库", no_collections_hint: "新建一个，然后放入文档。",
  documents: "文档", drop_here: "把文件拖到这里，或点击选择", drop_hint: "PDF、Word、HTML、Markdown、文本，单个不超过 256 MB",
  no_documents: "还没有文档", no_documents_hint: "放入的文档很快就能被搜索到。",
  uploading: "上传中", queued: "等待中", processing: "处理中", ready: "就绪", failed: "失败",
  extract: "读取", chunk: "切分", embed: "向量化", index: "建索引", duplicate: "已存在",
  delete: "删除", delete_title: "删除“{name}”？", delete_hint: "文本、向量和原文件都会被清除，无法恢复。",
  delete_collection_hint: "其中所有文档都会被清除，无法恢复。",
  deleted: "已删除：清除了 {n} 个段落", collection_deleted: "知识库已删除",
  more: "显示更多", chunks_n: "{n} 个段落", pages_n: "{n} 页", back: "全部知识库",
  gone: "它不存在，或你无权查看。", signed_out: "你已退出登录，请重新登录。",
  read_only: "你可以阅读这个知识库。", contract: "接口",
  username: "用户名", password: "密码", or: "或", sign_in_with: "使用 {name} 登录",
  use_key: "使用 API 密钥", use_password: "使用密码", back_to_sign_in: "返回", continue: "继续", confirm: "确认",
  code: "验证码", code_hint: "身份验证器中的六位数字，或一个恢复码。",
  wrong_password: "用户名或密码错误。", wrong_code: "验证码错误，或已被使用。",
  provider_refused: "登录未完成，请重新开始。", provider_unavailable: "暂时无法连接登录服务。",
  account: "账户", current_password: "当前密码", new_password: "新密码", new_password_again: "再次输入新密码",
  change_password: "修改密码", password_changed: "密码已修改，其他会话均已结束。",
  password_hint: "至少 8 个字符。修改后其他会话会全部结束。", passwords_differ: "两次输入不一致。",
  second_factor: "双重验证", second_factor_hint: "除密码外，再输入手机应用中的验证码。",
  factor_on: "已开启", factor_off: "未开启", codes_left: "剩余 {n} 个恢复码",
  factor_needed: "你的角色需要先开启双重验证才能进行管理。", factor_for_duty: "在此会话中进行管理前，请输入验证码。",
  set_up_factor: "开启", set_up_hint: "为确认是你本人，请先输入：", show_factor: "输入验证码",
  scan_this: "用应用扫描二维码", scan_hint: "任何身份验证器应用均可。扫描后输入它显示的验证码。",
  qr_code: "身份验证器二维码", cannot_scan: "无法扫描？",
  recovery_codes: "你的恢复码", recovery_codes_hint: "手机丢失时，每个恢复码可登录一次。请妥善保存，之后不再显示。",
  new_codes: "重新生成恢复码", new_codes_hint: "旧的恢复码会失效。",
  remove_factor: "关闭", remove_factor_hint: "之后登录只需密码。", factor_removed: "双重验证已关闭。",
  sessions: "登录会话", sessions_hint: "你在这些地方登录了。", this_one: "当前会话", end: "退出", end_others: "退出其他所有会话",
  others_ended: "其他会话均已结束。", by_password: "密码", since: "始于 {time}",
  links: "登录账户", links_hint: "可用来登录此账户的其他账户。", link_to: "关联 {name}", linked: "账户已关联。",
  link_hint: "你需要在那里再登录一次。", unlink: "解除关联", unlink_title: "解除与 {name} 的关联？", unlink_hint: "之后无法再通过它登录。",
  keys: "API 密钥", keys_hint: "供程序以你的名义使用。", no_keys: "还没有密钥", new_key: "新建密钥", key_made: "新密钥",
  shown_once: "请立即复制，之后不再显示。", copy: "复制", copied: "已复制", done: "完成",
  scopes: "权限", scope_read: "阅读、搜索和提问", scope_write: "阅读、搜索、提问和添加文档", good_for: "有效期",
  days_n: "{n} 天", until: "有效至 {time}", never_ends: "永久有效", used: "上次使用 {time}", never_used: "从未使用",
  remove_key: "删除密钥“{name}”？", remove_key_hint: "使用它的程序会立即失效。",
};

const chinese = (navigator.languages?.[0] ?? navigator.language ?? "en").toLowerCase().startsWith("zh");
const words = chinese ? CHINESE : ENGLISH;

export const language = chinese ? "zh-CN" : "en";

/** t("took", {n: 3}); for one of something the word "…_one" when there is one. */
export function t(key, values = {}) {
  const text = (values.n === 1 ? words[`${key}_one`] : undefined) ?? words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** A moment as people write it: "22 Nov 2026, 14:03". */
export function time(text) {
  return new Intl.DateTimeFormat(language, {dateStyle: "medium", timeStyle: "short"}).format(new Date(text));
}

export function size(bytes) {
  const units = ["B", "KB", "MB", "GB"];
  let at = 0;
  while (bytes >= 1000 && at < units.length - 1) {
    bytes /= 1000;
    at += 1;
  }
  return `${at === 0 ? bytes : bytes.toFixed(1)} ${units[at]}`;
}
