// The words of the page, in English and Chinese.

const ENGLISH = {
  skip_to_content: "Skip to content",
  tagline: "Ask your documents. Every answer quotes its source.",
  ask: "Ask", search: "Search", collections: "Collections", sign_out: "Sign out",
  sign_in: "Sign in", key: "API key", key_hint: "The server printed one when it first started. It stays in this tab.",
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
  gone: "This is not there, or not for you to see.", signed_out: "Your key has ended. Sign in again.",
  read_only: "You can read this collection.", contract: "API",
};

const CHINESE = {
  skip_to_content: "跳到内容",
  tagline: "向你的文档提问，每个回答都引用原文。",
  ask: "提问", search: "搜索", collections: "知识库", sign_out: "退出",
  sign_in: "登录", key: "API 密钥", key_hint: "服务器首次启动时会打印密钥；密钥只保存在此标签页中。",
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
  gone: "它不存在，或你无权查看。", signed_out: "密钥已失效，请重新登录。",
  read_only: "你可以阅读这个知识库。", contract: "接口",
};

const chinese = (navigator.languages?.[0] ?? navigator.language ?? "en").toLowerCase().startsWith("zh");
const words = chinese ? CHINESE : ENGLISH;

export const language = chinese ? "zh-CN" : "en";

/** t("took", {n: 3}); for one of something the word "…_one" when there is one. */
export function t(key, values = {}) {
  const text = (values.n === 1 ? words[`${key}_one`] : undefined) ?? words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
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
