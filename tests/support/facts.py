"""What tests look up of a server: fields of INFO, and its files."""


def info(client, section="persistence"):
    """The fields of a section of INFO, as text."""
    lines = client.do("INFO", section).decode().splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def figure(client, name):
    """A field of INFO that is a whole number."""
    return int(info(client, "everything")[name])


def read_file(name):
    with open(name, "rb") as file:
        return file.read()


def changed(content, at):
    """The content with another byte there."""
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def write_file(name, content):
    with open(name, "wb") as file:
        file.write(content)
