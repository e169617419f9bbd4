"""ragkb as it comes: dense and lexical search, int8; without its memory of what was asked before."""

from ragkb import KnowledgeBase, NewDocument, Principal, Settings


class Adapter:
    def __init__(self, model: str, folder: str) -> None:
        self.folder = folder  # the model is that of the default setting, from the same package

    def create(self) -> None:
        self.open()

    def open(self) -> None:
        self.kb = KnowledgeBase.open(self.folder, settings=Settings(search={"remembered": 0}))

    def ingest(self, documents: list[tuple[str, str, str]]) -> int:
        self.kb.add(NewDocument(source=source, text=text, title=title) for source, title, text in documents)
        return self.kb.status().chunks

    def ingest_files(self, folder: str) -> int:
        return self.kb.ingest(folder).chunks

    def search(self, query: str, k: int) -> list[str]:
        return [hit.source for hit in self.kb.search(query, k=k, as_=Principal.admin())]
