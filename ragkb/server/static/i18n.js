// Every word that the page says, in English and Chinese. {n|one|many} picks by number.

const WORDS = {
  skip: ["Skip to the content", "跳到正文"],
  "tab.ask": ["Ask", "提问"],
  "tab.documents": ["Documents", "文档"],
  "tab.admin": ["Admin", "管理"],
  "language.other": ["Switch the language to Chinese", "切换为英文"],
  "theme.auto": ["Colours: as the system", "配色：跟随系统"],
  "theme.light": ["Colours: light", "配色：浅色"],
  "theme.dark": ["Colours: dark", "配色：深色"],
  kb: ["Knowledge base", "知识库"],

  welcome: ["What would you like to know?", "想了解什么？"],
  "welcome.about": ["Answers come from {n} {n|document|documents}, with the exact words they rest on.", "答案来自 {n} 份文档，并附上原文依据。"],
  "welcome.none": ["There are no documents yet. Add some under “Documents”.", "还没有文档。请先在“文档”中添加。"],
  recent: ["Recently added", "最近添加"],
  placeholder: ["Ask the documents", "向文档提问"],
  "placeholder.follow": ["Ask a follow-up", "继续追问"],
  hint: ["Enter to ask · Shift + Enter for a new line · / to get here", "Enter 发送 · Shift + Enter 换行 · / 回到输入框"],
  "send.question": ["Ask", "提问"],
  stop: ["Stop", "停止"],
  new: ["New conversation", "新对话"],
  conversation: ["Conversation", "对话"],
  asking: ["Looking in the documents", "正在查找文档"],
  searching: ["Looking in the documents…", "正在查找文档……"],
  reading: ["Reading", "正在阅读"],
  stopped: ["Stopped.", "已停止。"],
  understood: ["Understood as", "理解为"],
  answer: ["Answer", "答案"],
  table: ["Table", "表格"],

  citations: ["Citations", "引用"],
  "citations.count": ["{n} {n|citation|citations}.", "{n} 处引用。"],
  "citation.label": ["Citation {n}: {place}", "引用 {n}：{place}"],
  "open.document": ["Open the document", "打开文档"],
  "open.hint": ["Click to see it in the document", "点击查看原文"],
  "page.short": ["p. {n}", "第 {n} 页"],
  place: ["{title}, p. {n}", "{title}，第 {n} 页"],
  sources: ["{n} {n|passage|passages} found", "找到 {n} 个段落"],
  confidence: ["Confidence {percent}", "置信度 {percent}"],
  "confidence.why": ["How likely it is that the documents hold the answer", "文档中含有答案的可能性"],
  "trust.full": ["Every sentence is supported by its quotes", "每句话都有原文支持"],
  "trust.part": ["{n} {n|sentence is|sentences are} only partly supported", "{n} 句话仅得到部分支持"],
  "trust.dropped": ["{n} {n|sentence was|sentences were} left out for want of support", "{n} 句话因缺乏依据未列出"],
  "trust.unanswered": ["Not found in the documents: {parts}", "文档中没有找到：{parts}"],
  conflicts: ["The documents disagree", "文档之间有出入"],
  "conflicts.older": ["An older version says otherwise", "旧版本的说法不同"],
  "conflict.superseded": ["[{second}] stands in an older version, {older}; [{first}] in {newer} is newer.", "[{second}] 出自较旧的版本《{older}》；[{first}] 所在的《{newer}》更新。"],
  "conflict.disagree": ["[{first}] in {newer} and [{second}] in {older} say different things.", "《{newer}》的 [{first}] 与《{older}》的 [{second}] 说法不一致。"],
  "trust.none": ["{n} {n|sentence is|sentences are} not supported by the documents", "{n} 句话没有原文支持"],
  "support.full": ["Supported by the quoted text ({percent})", "有原文支持（{percent}）"],
  "support.part": ["Partly supported by the quoted text ({percent})", "部分得到原文支持（{percent}）"],
  "support.none": ["Not supported by the documents ({percent})", "没有原文支持（{percent}）"],
  "support.why.full": ["The quotes say what this sentence says.", "引文的内容与这句话一致。"],
  "support.why.part": ["The quotes say some of it. Read them before you rely on it.", "引文只支持其中一部分，请先核对原文。"],
  "support.why.none": ["No quote says this. Do not rely on it without looking.", "没有引文支持这句话，使用前请核实。"],
  "flag.part": ["partly supported", "部分支持"],
  "flag.none": ["not supported", "无依据"],

  "abstained.title": ["The documents do not answer this", "文档中没有答案"],
  "abstained.found": ["What was found does not hold the answer. Confidence that it does: {percent}.", "找到的内容中没有答案。含有答案的置信度为 {percent}。"],
  "abstained.nothing": ["Nothing was found that fits.", "没有找到相关内容。"],
  "abstained.closest": ["What came closest", "最接近的内容"],
  "abstained.try": ["What you can try", "可以尝试"],
  "try.unfiltered": ["Ask again without the filters", "去掉筛选条件再问一次"],
  "try.words": ["Use the words that the document would use: names, numbers, the title of a rule", "使用文档里可能出现的词：名称、编号、制度标题"],
  "try.language": ["Ask in the language of the documents", "用文档的语言提问"],
  "try.documents": ["Check whether the document is in the list", "在文档列表中确认是否已收录"],

  copy: ["Copy", "复制"],
  copied: ["Copied", "已复制"],
  "copy.failed": ["The browser does not allow copying", "浏览器不允许复制"],
  share: ["Copy a link to this question", "复制该问题的链接"],
  "share.done": ["Link copied. Who opens it sees only what they may see.", "链接已复制。打开者只能看到自己有权查看的内容。"],
  "feedback.up": ["Good answer", "答得好"],
  "feedback.down": ["Something is wrong", "答案有问题"],
  "feedback.comment": ["What is wrong?", "哪里有问题？"],
  "feedback.correction": ["What would be right? (optional)", "正确答案是什么？（选填）"],
  "feedback.thanks": ["Thank you. This goes to those who look after the documents.", "谢谢，已转达给文档管理员。"],
  send: ["Send", "提交"],
  cancel: ["Cancel", "取消"],
  close: ["Close", "关闭"],
  done: ["Done", "完成"],
  retry: ["Try again", "重试"],
  more: ["Show more", "显示更多"],
  loading: ["Loading…", "加载中……"],
  seconds: ["{n} s", "{n} 秒"],
  yes: ["yes", "是"],
  no: ["no", "否"],

  filters: ["Filters", "筛选"],
  "filters.about": ["Only documents that fit are searched.", "只在符合条件的文档中查找。"],
  "filters.clear": ["Clear all", "全部清除"],
  "filter.remove": ["Remove the filter {name}", "移除筛选：{name}"],
  language: ["Language", "语言"],
  type: ["Type", "类型"],

  document: ["Document", "文档"],
  documents: ["Documents", "文档"],
  "documents.count": ["{n} {n|document|documents}", "共 {n} 份文档"],
  "documents.matching": ["{n} of {total} documents", "{total} 份文档中的 {n} 份"],
  "documents.partial": ["The first {n} are listed.", "列出前 {n} 份。"],
  "documents.search": ["Find a document", "查找文档"],
  "documents.none": ["No documents yet.", "还没有文档。"],
  "documents.nomatch": ["No document is called that.", "没有匹配的文档。"],
  sort: ["Sort by", "排序"],
  "sort.newest": ["Newest first", "最新优先"],
  "sort.title": ["Title", "标题"],
  "sort.source": ["Path", "路径"],
  "sort.pages": ["Most pages", "页数最多"],
  pages: ["{n} {n|page|pages}", "{n} 页"],
  "pages.head": ["Pages", "页数"],
  groups: ["Groups", "用户组"],
  group: ["group {name}", "用户组 {name}"],
  "language.unknown": ["other languages", "其他语言"],
  everyone: ["everyone", "所有人"],
  added: ["Added", "添加时间"],
  delete: ["Delete", "删除"],
  "delete.named": ["Delete {name}", "删除 {name}"],
  "delete.sure": ["Delete this document?", "删除这份文档？"],
  "delete.about": ["“{name}” is gone for everyone at once, and answers no longer use it.", "“{name}”将立即对所有人不可见，也不再用于回答。"],
  deleted: ["Deleted: {name}", "已删除：{name}"],

  original: ["Save the original file", "下载原文件"],
  view: ["View", "视图"],
  "view.page": ["Page", "页面"],
  "view.text": ["Text", "文本"],
  "page.before": ["Page before", "上一页"],
  "page.after": ["Next page", "下一页"],
  "page.of": ["{n} of {total}", "{n} / {total}"],
  "page.alt": ["Page {n} of {title}", "{title} 第 {n} 页"],
  "text.before": ["Show what comes before", "显示前文"],
  "text.after": ["Show what follows", "显示后文"],

  upload: ["Add files", "添加文件"],
  "upload.drop": ["Drop files here, or use “Add files”. PDF, Office, HTML, Markdown, e-mail and more.", "将文件拖到此处，或点击“添加文件”。支持 PDF、Office、HTML、Markdown、邮件等。"],
  "upload.groups": ["Who may read them", "谁可以查看"],
  "upload.none": ["None: everyone", "不选：所有人"],
  "upload.everyone": ["everyone, or groups: hr, board", "所有人，或用户组：hr, board"],
  "upload.waiting": ["Waiting", "等待中"],
  "upload.sending": ["Sending", "正在上传"],
  "upload.reading": ["Being read and indexed", "正在读取并建立索引"],
  "upload.files": ["{n} of {total} files", "{total} 个文件中的第 {n} 个"],
  "status.ingested": ["Added", "已添加"],
  "status.partial": ["Added in part", "部分添加"],
  "status.unchanged": ["Already there, unchanged", "已存在，内容未变"],
  "status.refused": ["Refused", "已拒绝"],

  signin: ["Sign in", "登录"],
  signout: ["Sign out", "退出"],
  "signin.title": ["Sign in", "登录"],
  "signin.about": ["This knowledge base needs an API key. It is kept in this tab only.", "该知识库需要 API 密钥。密钥只保存在当前标签页。"],
  "signin.key": ["API key", "API 密钥"],
  "signin.stale": ["The key is no longer valid.", "密钥已失效。"],
  "signin.wrong": ["This key is not valid. Ask your administrator for another.", "密钥无效，请联系管理员。"],
  "role.reader": ["Reader", "读者"],
  "role.writer": ["Writer", "编辑"],
  "role.admin": ["Administrator", "管理员"],

  "error.0": ["The server cannot be reached. Are you online?", "无法连接服务器。请检查网络。"],
  "error.401": ["You are not signed in.", "尚未登录。"],
  "error.403": ["You may not do this.", "没有权限。"],
  "error.404": ["It is not there, or not for you to see.", "内容不存在，或您无权查看。"],
  "error.409": ["Somebody else is changing the documents right now.", "有人正在修改文档，请稍后再试。"],
  "error.413": ["That is too large.", "内容过大。"],
  "error.415": ["This kind of file is not read.", "不支持这种文件。"],
  "error.422": ["The server cannot use this.", "服务器无法处理该内容。"],
  "error.429": ["Too many questions in a short time.", "请求过于频繁。"],
  "error.500": ["The server failed.", "服务器出错。"],
  "error.502": ["The answer broke off.", "回答中断。"],
  "error.503": ["The server is busy or not ready.", "服务器繁忙或尚未就绪。"],
  "error.504": ["The answer took too long.", "回答超时。"],
  "error.wait": ["Try again in {n} s.", "请在 {n} 秒后重试。"],
  "error.request": ["The server's log says why, under request {id}.", "详情见服务器日志，请求号 {id}。"],
  "error.page": ["The page failed.", "页面出错。"],

  "admin.status": ["State", "状态"],
  "admin.status.none": ["Nothing to show.", "暂无内容。"],
  "admin.nightly": ["Last nightly run", "最近一次夜间评测"],
  "admin.nightly.none": ["There was no nightly run yet: ragkb eval nightly makes one.", "还没有夜间评测：请运行 ragkb eval nightly。"],
  "admin.keys": ["Keys", "密钥"],
  "admin.keys.none": ["There are no keys.", "还没有密钥。"],
  "admin.jobs": ["Added lately", "最近的导入"],
  "admin.jobs.none": ["Nothing was added since the server started.", "服务器启动以来没有导入。"],
  "nightly.passed": ["Passed", "通过"],
  "nightly.failed": ["Failed", "未通过"],
  chunks: ["{n} {n|chunk|chunks}", "{n} 个文本块"],
  "status.disk": ["On disk", "磁盘占用"],
  "status.memory": ["In memory", "内存占用"],
  "status.generation": ["Generation", "版本代数"],
  "status.running": ["Requests at work", "处理中的请求"],
  "size.catalogue": ["catalogue", "目录库"],
  "size.vectors": ["vectors", "向量"],
  "size.lexical": ["words", "词索引"],
  "size.originals": ["originals", "原文件"],
  "size.documents": ["documents", "文档"],
  "nightly.save": ["Save the whole report", "下载完整报告"],
  "nightly.measure": ["Measure", "指标"],
  "nightly.before": ["Before", "之前"],
  "nightly.now": ["Now", "现在"],
  "nightly.verdict": ["Change", "变化"],
  "verdict.worse": ["worse", "变差"],
  "verdict.better": ["better", "变好"],
  "verdict.same": ["same", "不变"],
  "verdict.unclear": ["unclear", "不明确"],
  "nightly.worse": ["{n} {n|question|questions} got worse", "{n} 个问题变差"],
  "keys.name": ["Name", "名称"],
  "keys.first": ["Until now everybody who reaches this server may use it. The first key ends that; it is an administrator's, and this tab signs in with it.", "目前任何能访问服务器的人都可以使用。创建第一个密钥后将不再开放；该密钥属于管理员，当前标签页会用它登录。"],
  "keys.role": ["Role", "角色"],
  "keys.days": ["Valid for days", "有效天数"],
  "keys.never": ["never expires", "永不过期"],
  "keys.groups.none": ["none", "无"],
  "keys.create": ["Create a key", "创建密钥"],
  "keys.created": ["Created", "创建时间"],
  "keys.expires": ["Expires", "过期时间"],
  "keys.used": ["Last used", "最近使用"],
  "keys.revoke": ["Revoke", "吊销"],
  "keys.revoked": ["revoked", "已吊销"],
  "keys.expired": ["expired", "已过期"],
  "keys.sure": ["Revoke this key?", "吊销该密钥？"],
  "keys.sure.about": ["Whoever uses the key of “{name}” is refused from the next request on.", "“{name}”的密钥从下一次请求起即被拒绝。"],
  "keys.once": ["Copy the key now", "请立即复制密钥"],
  "keys.once.about": ["It is shown this once: the server keeps only its hash.", "密钥只显示这一次：服务器只保存其哈希值。"],
  "job.queued": ["Waiting", "等待中"],
  "job.running": ["Running", "进行中"],
  "job.done": ["Done", "完成"],
  "job.failed": ["Failed", "失败"],
};

const root = document.documentElement;

/** "en" or "zh". */
export const language = () => (root.lang.startsWith("zh") ? "zh" : "en");

export function setLanguage(wanted) {
  root.lang = wanted === "zh" ? "zh-CN" : "en";
  try {
    localStorage.setItem("ragkb.language", wanted);
  } catch {
    // storage is switched off: the choice lasts as long as the page
  }
}

/** The words for a key, with values put in. */
export function t(key, values = {}) {
  const found = WORDS[key][language() === "zh" ? 1 : 0];
  return found
    .replace(/\{(\w+)\|([^|}]*)\|([^}]*)\}/g, (_, name, one, many) => (values[name] === 1 ? one : many))
    .replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === "number" ? number(values[name]) : values[name]));
}

/** The words for a key that may be absent, else null. */
t.known = (key) => (key in WORDS ? t(key) : null);

export const count = (key, n) => t(key, { n });
export const number = (value) => new Intl.NumberFormat(root.lang, { maximumFractionDigits: 3 }).format(value);
export const percent = (value, digits = 0) => new Intl.NumberFormat(root.lang, { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
export const moment = (iso) => new Intl.DateTimeFormat(root.lang, { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));
export const date = (iso) => new Intl.DateTimeFormat(root.lang, { dateStyle: "medium" }).format(new Date(iso));

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

export function bytes(value) {
  const step = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, value)) / 3));
  return new Intl.NumberFormat(root.lang, { style: "unit", unit: UNITS[step], maximumFractionDigits: 1 }).format(value / 1000 ** step);
}

/** The name of a language in the page's language. */
export function languageName(code) {
  if (!code) return "";
  try {
    return new Intl.DisplayNames(root.lang, { type: "language" }).of(code);
  } catch {
    return code;
  }
}

/** Translates what stands in index.html. */
export function translateShell() {
  for (const element of document.querySelectorAll("[data-i18n]")) element.textContent = t(element.dataset.i18n);
}
