"""Invented people. Nobody here exists; names are drawn from lists and joined by chance.

Telephone numbers come from the ranges that the Bundesnetzagentur keeps free for films and
books (Mitteilung 148/2021), e-mail addresses end in `.example` (RFC 2606): none can be reached.
"""

from __future__ import annotations

from typing import NamedTuple

from sample_site.dice import Dice, spread

_GERMAN = (
    "Anna Ben Charlotte Clara David Elias Emilia Emma Felix Finn Frieda Greta Hannah Henry Ida "
    "Jakob Jan Johanna Jonas Julia Karl Katharina Lara Laura Lea Lena Leon Lina Lisa Louis Luca "
    "Luis Marie Mats Maximilian Mia Moritz Nele Niklas Noah Oskar Paul Paula Philipp Sophie "
    "Theo Thomas Tim Tom Valentin",
    "Adams Bachmann Becker Berger Brandt Breuer Busch Classen Dahmen Decker Engels Esser Faber "
    "Feldmann Franken Giesen Hansen Heinen Hermanns Hoffmann Jansen Kamps Kaiser Keller Klein "
    "Koch Krämer Krüger Küppers Lang Lorenz Maaßen Meurer Möller Nolte Overath Peters Pütz "
    "Reuter Richter Roth Schäfer Schiffer Schmitz Schröder Schulte Stein Thelen Vogel Wagner "
    "Weber Winkler Zander",
)
_TURKISH = (
    "Ali Ayşe Aylin Baran Berkay Burak Can Cem Defne Deniz Ebru Elif Emir Emre Esra Fatma Hakan "
    "Kerem Leyla Mehmet Melis Merve Mert Nur Onur Ömer Selin Sibel Yusuf Zeynep",
    "Acar Aksoy Arslan Aydın Bulut Çelik Demir Doğan Erdem Güneş Kaplan Kara Kaya Kılıç Koç Kurt "
    "Özdemir Öztürk Polat Şahin Taş Tekin Uçar Ünal Yavuz Yıldız Yılmaz",
)
_POLISH = (
    "Adam Agnieszka Aleksandra Bartosz Dawid Ewa Filip Jakub Julia Kacper Karolina Katarzyna "
    "Magdalena Mateusz Michał Monika Natalia Oliwia Paweł Piotr Szymon Tomasz Wiktoria Zofia",
    "Adamczyk Borkowski Dudek Jankowski Kaczmarek Kowalczyk Krawczyk Król Lis Majewski Mazur "
    "Nowak Pawlak Pietrzak Sikora Walczak Wieczorek Wójcik Zając Zieliński",
)
_ARABIC = (
    "Ahmad Amina Amir Bilal Dalia Fatima Hamza Hassan Ibrahim Jamila Karim Layla Malak Mariam "
    "Mohammed Nadia Noor Omar Rana Salma Samir Tarek Yasmin Youssef",
    "Abbas Amrani Aziz Bakri Darwish Ghanem Haddad Hamdan Idrissi Jaber Kassem Khalil Khoury "
    "Mansour Naser Qasim Rahmani Saleh Sayed Tahiri Zidan",
)
_OTHERS = (
    (
        "Alessia Chiara Davide Elena Fabio Giulia Lorenzo Marco Matteo Sofia",
        "Bianchi Caruso Conti Esposito Ferrara Greco Lombardi Marino Ricci Russo",
    ),
    (
        "Alexandros Despina Dimitris Eleni Georgios Ioanna Katerina Kostas Maria Nikos",
        "Dimitriadis Georgiou Ioannidis Karagiannis Makris Nikolaidis Pappas Vlachos",
    ),
    (
        "Andrij Bohdan Daryna Iryna Kateryna Maksym Mykola Nadija Oksana Oleh Solomija Taras",
        "Bondarenko Hrytsenko Kowalenko Kravchenko Lysenko Marchenko Melnyk Schewtschuk Tkachenko",
    ),
    (
        "Ana Damir Dejan Dragana Ivana Jelena Luka Marija Milan Nikola Petra Stefan",
        "Babić Horvat Jovanović Kovač Marković Nikolić Petrović Popović Vuković",
    ),
    ("Anh Duc Hoa Lan Linh Mai Minh Nam Thao Tuan", "Bui Dang Do Hoang Le Ngo Nguyen Pham Tran Vo"),
)
_ORIGINS = spread(
    *((tuple(part.split() for part in origin), weight)
      for origin, weight in ((_GERMAN, 56), (_TURKISH, 16), (_POLISH, 8), (_ARABIC, 10))),
    *((tuple(part.split() for part in origin), 2) for origin in _OTHERS),
)  # fmt: skip
_ASCII = str.maketrans({
    "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ş": "s", "ç": "c", "ğ": "g", "ı": "i", "ł": "l",
    "ń": "n", "ó": "o", "ą": "a", "ę": "e", "ć": "c", "č": "c", "ž": "z", "š": "s",
})  # fmt: skip
_LANDLINES = ("030 23125", "069 90009", "040 66969", "0221 4710", "089 99998")


class Person(NamedTuple):
    """Somebody invented."""

    first: str
    last: str

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def listed(self) -> str:
        """As registers write it: last name first."""
        return f"{self.last}, {self.first}"

    def email(self, domain: str) -> str:
        """f.last@domain in plain letters."""
        local = f"{self.first[0]}.{self.last}".lower().translate(_ASCII)
        return f"{local}@{domain}"


def person(dice: Dice) -> Person:
    """Draw one."""
    firsts, lasts = dice.pick(_ORIGINS)
    return Person(dice.pick(firsts), dice.pick(lasts))


def landline(dice: Dice) -> str:
    """A number that will never be anybody's."""
    return f"{dice.pick(_LANDLINES)}{dice.below(1000):03d}"


def mobile(dice: Dice) -> str:
    """A mobile number that will never be anybody's."""
    return f"0171 39200{dice.below(100):02d}"
