"""The demonstration town."""

import typer

from api import serving
from api.cli.imports import progress_bars
from api.cli.running import database_address, migrate, out, run
from api.cli.serve import serve_town
from api.core.clock import utcnow
from api.core.database import Database
from api.core.settings import Settings, load_settings
from api.demo import people
from api.imports.service import import_folder

commands = typer.Typer()


@commands.command()
def demo() -> None:
    """The demonstration town: loaded once, then served. What `make run` runs."""
    settings = load_settings().model_copy(update={"demo": True})
    serving.refuse_taken_port(settings)
    with database_address(settings) as dsn:
        migrate(dsn)
        run(_load_demo(settings, dsn))
        _print_sign_ins(settings)
        serve_town(settings, with_worker=True, with_migration=False)


async def _load_demo(settings: Settings, dsn: str) -> None:
    if people.sign_ins(settings):
        return
    out.print("Chargement de la ville de démonstration…")
    with progress_bars() as show:
        await import_folder(dsn, settings, people.TOWN, settings.data_dir / "rejets.csv", progress=show)
    database = Database(dsn)
    await database.open()
    try:
        await people.make_people(database, settings, utcnow())
    finally:
        await database.close()


def _print_sign_ins(settings: Settings) -> None:
    found, page = people.sign_ins(settings), f"{settings.address}/demonstration"
    labels = {"without_key": "Parent sans clé", "with_key": "Parent avec clé", "agent": "Agent"}
    lines = [f"\n[bold]Démonstration[/bold] : {settings.address}"]
    for name, label in labels.items():
        person = found[name]
        lines += [
            f"\n[bold]{label}[/bold]",
            f"  mail          {person['email']}",
            f"  mot de passe  {person['password']}",
        ]
        if "key" in person:
            lines.append(
                f"  clé enfance   {person['key']}  (à saisir dans Profil, « Je modifie mon Espace », « Suivant »)"
            )
        if "code" in person:
            lines.append(f"  code actuel   {person['code']}  (les suivants sont sur {page})")
    mails = "le serveur SMTP configuré" if settings.mail_url else page
    messages = "la passerelle configurée" if settings.sms_url else page
    lines.append(f"\nLes mails arrivent sur {mails}, les SMS sur {messages}.\n")
    out.print("\n".join(lines), soft_wrap=True, highlight=False)
