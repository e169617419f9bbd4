"""LangChain: HuggingFaceEmbeddings, RecursiveCharacterTextSplitter (1,000 characters, 200 shared), FAISS."""

from pathlib import Path

from langchain_community.document_loaders import PyPDFLoader
from langchain_community.vectorstores import FAISS
from langchain_core.documents import Document
from langchain_huggingface import HuggingFaceEmbeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter


class Adapter:
    def __init__(self, model: str, folder: str) -> None:
        self.model, self.folder = model, folder
        self.splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)

    def create(self) -> None:
        self.embeddings = HuggingFaceEmbeddings(model_name=self.model)

    def open(self) -> None:
        self.create()
        self.index = FAISS.load_local(self.folder, self.embeddings, allow_dangerous_deserialization=True)

    def ingest(self, documents: list[tuple[str, str, str]]) -> int:
        return self._write(
            [Document(f"{title}\n{text}".strip(), metadata={"id": source}) for source, title, text in documents]
        )

    def ingest_files(self, folder: str) -> int:
        return self._write([page for path in sorted(Path(folder).glob("*.pdf")) for page in PyPDFLoader(path).load()])

    def _write(self, documents: list[Document]) -> int:
        chunks = self.splitter.split_documents(documents)
        FAISS.from_documents(chunks, self.embeddings).save_local(self.folder)
        return len(chunks)

    def search(self, query: str, k: int) -> list[str]:
        return [found.metadata["id"] for found in self.index.similarity_search(query, k=k)]
