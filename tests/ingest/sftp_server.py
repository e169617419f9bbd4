"""An SFTP server on loopback for one folder: `python sftp_server.py FOLDER` prints its port. Login: ana, secret."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import asyncssh


class Login(asyncssh.SSHServer):  # type: ignore[misc]
    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("ana", "secret")


async def main(folder: str) -> None:
    def sftp(channel: Any) -> Any:
        return asyncssh.SFTPServer(channel, chroot=folder)

    key = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.listen("127.0.0.1", 0, server_factory=Login, server_host_keys=[key], sftp_factory=sftp)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.wait_closed()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
