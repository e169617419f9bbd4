"""Which extensions are source code or configuration, and in which language."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_NAMES = {
    "Batch": ".bat", "C": ".c .h", "C#": ".cs", "C++": ".cc .cpp .cxx .hh .hpp", "CSS": ".css .less .scss", "Go": ".go",
    "GraphQL": ".graphql", "INI": ".cfg .conf .ini .properties", "Java": ".java", "JavaScript": ".cjs .js .jsx .mjs",
    "Kotlin": ".kt", "Lua": ".lua", "PHP": ".php", "Perl": ".pl .pm", "PowerShell": ".ps1",
    "Protocol Buffers": ".proto", "Python": ".py .pyi", "R": ".r", "Ruby": ".rb", "Rust": ".rs", "SQL": ".sql",
    "Scala": ".scala", "Shell": ".bash .sh .zsh", "Swift": ".swift", "TOML": ".toml", "Terraform": ".tf",
    "TypeScript": ".ts .tsx", "Vue": ".vue", "XML": ".xml .xsd .xsl", "YAML": ".yaml .yml",
}  # fmt: skip

LANGUAGES: Mapping[str, str] = MappingProxyType(
    {suffix: name for name, suffixes in _NAMES.items() for suffix in suffixes.split()}
)
"""File name extension, in lower case with its dot, to the language's name."""
